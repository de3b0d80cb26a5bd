import en from "../../../text/en/call.json";
import hi from "../../../text/hi/call.json";
import { catalogue } from "../../text/catalogue.ts";

export const call = catalogue(en, hi);
