import en from "../../../text/en/supervisor.json";
import hi from "../../../text/hi/supervisor.json";
import { catalogue } from "../../text/catalogue.ts";

export const supervisor = catalogue(en, hi);
