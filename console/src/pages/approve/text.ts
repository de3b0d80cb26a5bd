import en from "../../../text/en/approve.json";
import hi from "../../../text/hi/approve.json";
import { catalogue } from "../../text/catalogue.ts";

export const approve = catalogue(en, hi);
