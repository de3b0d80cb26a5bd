/** Refusals of the API (RFC 9457), and failures of the network, as one kind of error. */

import { parts } from "../parts/catalogue.ts";

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

/** Code of a problem without an answer: the line is down, or the server took too long. */
const NO_ANSWER = "no_answer";

export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly requestId: string;
  readonly violations: readonly Violation[];

  constructor(status: number, body: ProblemBody) {
    // A proxy in between answers without a text of ours, and a browser names a failure in its own terms.
    super(body.detail || body.title || parts.now()("no_answer"));
    this.name = "Problem";
    this.status = status;
    this.code = body.code ?? "internal";
    this.params = body.params ?? {};
    this.requestId = body.request_id ?? "";
    this.violations = body.violations ?? [];
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
