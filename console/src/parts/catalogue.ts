import en from "../../text/en/parts.json";
import hi from "../../text/hi/parts.json";
import { catalogue } from "../text/catalogue.ts";

export const parts = catalogue(en, hi);
