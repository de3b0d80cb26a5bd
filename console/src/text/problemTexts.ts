import en from "../../text/en/problems.json";
import hi from "../../text/hi/problems.json";
import { catalogue } from "./catalogue.ts";

export const problemTexts = catalogue(en, hi);
