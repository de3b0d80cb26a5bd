import en from "../../../text/en/wall.json";
import hi from "../../../text/hi/wall.json";
import { catalogue } from "../../text/catalogue.ts";

export const wall = catalogue(en, hi);
export type WallText = ReturnType<typeof wall.now>;
