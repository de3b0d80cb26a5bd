import en from "../../../text/en/appeals.json";
import hi from "../../../text/hi/appeals.json";
import { catalogue } from "../../text/catalogue.ts";

export const appeals = catalogue(en, hi);
