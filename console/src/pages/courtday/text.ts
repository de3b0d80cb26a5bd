import en from "../../../text/en/courtday.json";
import hi from "../../../text/hi/courtday.json";
import { catalogue } from "../../text/catalogue.ts";

export const courtday = catalogue(en, hi);
