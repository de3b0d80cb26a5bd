import en from "../../../../text/en/acts.json";
import hi from "../../../../text/hi/acts.json";
import { catalogue } from "../../../text/catalogue.ts";

/** Texts of the acts on a case, and of the parts that have them. */
export const actsText = catalogue(en, hi);

export type ActsRead = ReturnType<typeof actsText.use>;
