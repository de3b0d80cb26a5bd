import en from "../../../text/en/notices.json";
import hi from "../../../text/hi/notices.json";
import { catalogue } from "../../text/catalogue.ts";

export const noticeText = catalogue(en, hi);
