/** Refusals of the API (RFC 9457), and failures of the network, as one kind of error. */

import { parts } from "../parts/catalogue.ts";
import { sentenceOf } from "../parts/violations.ts";
import type { Read } from "../text/catalogue.ts";
import { type Said, saidOf } from "../text/sentences.ts";

export interface Violation {
  readonly field: string;
  readonly message: string;
  readonly code?: string;
}

interface ProblemBody {
  readonly title?: string;
  readonly code?: string;
  readonly detail?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly request_id?: string;
  readonly violations?: readonly Violation[];
}

/** Codes of this browser: the line is down or the server took too long, and the session is over. */
const OWN_CODES = ["no_answer", "signed_out"] as const;
const [NO_ANSWER] = OWN_CODES;
/** Code of a body that is not valid; each of its fields says what is wrong. */
const INVALID = "invalid_input";

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly violations: readonly Violation[];
  readonly #ownCode: (typeof OWN_CODES)[number] | undefined;

  constructor(status: number, body: ProblemBody) {
    super(body.detail || body.title || NO_ANSWER);
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? "internal";
    this.params = body.params ?? {};
    this.requestId = body.request_id ?? "";
    this.violations = body.violations ?? [];
    // A proxy in between answers without a text of ours, and a browser names a failure in its own terms.
    const code = body.detail || body.title ? this.code : NO_ANSWER;
    this.#ownCode = OWN_CODES.find((one) => one === code);
  }

  /** Return why it was refused in the language of the page, else in the API's own English; without its fields. */
  head(): Said {
    const t = parts.now();
    if (this.#ownCode !== undefined) return { text: t(this.#ownCode) };
    if (this.code === INVALID && this.violations.length > 0) return { text: t("invalid") };
    return saidOf(this) ?? { text: this.message, lang: "en" };
  }

  /** The same with what is wrong with each field, in one text. */
  said(): Said {
    const [head, t] = [this.head(), parts.now() as Read<string>];
    const found = this.violations.map((one) => sentenceOf(t, one));
    const texts = (lang: "en" | undefined): string[] =>
      found.filter((one) => one.lang === lang).map(({ name, text }) => `${name}: ${text}`);
    const more = [head.more ?? "", ...texts("en")].filter(Boolean).join("; ");
    return { ...head, text: [head.text, ...texts(undefined)].join(" "), more: more || undefined };
  }

  /** Whether the same request may succeed later; without a session, once the officer has signed in again. */
  get isTemporary(): boolean {
    return [0, 401, 408, 429].includes(this.status) || this.status >= 500;
  }

}

/** Return what went wrong as a problem, whatever was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  return new Problem(0, { code: NO_ANSWER });
}

interface Answer<Data> {
  readonly data?: Data;
  readonly error?: unknown;
  readonly response: Response;
}

/** What an answer has. Where a read can also be a table, it is the JSON, because a table is asked for as a file. */
type Told<Data> = [Exclude<Data, string>] extends [never] ? Data : Exclude<Data, string>;

/** Return the data of an answer of the client. Throws a `Problem` for a refusal and for a line that is down. */
export async function ok<Data>(asked: Promise<Answer<Data>>): Promise<Told<Data>> {
  let answer: Answer<Data>;
  try {
    answer = await asked;
  } catch (error) {
    throw problemOf(error);
  }
  if (!answer.response.ok) {
    const body = typeof answer.error === "object" && answer.error !== null ? (answer.error as ProblemBody) : {};
    throw new Problem(answer.response.status, body);
  }
  return answer.data as Told<Data>;
}
