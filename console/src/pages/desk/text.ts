import en from "../../../text/en/desk.json";
import hi from "../../../text/hi/desk.json";
import { catalogue } from "../../text/catalogue.ts";

export const desk = catalogue(en, hi);
