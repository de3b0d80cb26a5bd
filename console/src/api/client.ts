/** The client of our API. The session is in a cookie that scripts cannot read; changes carry the token beside it. */

import createClient from "openapi-fetch";

import { parts } from "../parts/catalogue.ts";
import { learn } from "../text/clock.ts";
import { fetchSentences } from "../text/sentences.ts";
import type { components, paths } from "./generated.ts";

export type Schemas = components["schemas"];

const SAFE = new Set(["GET", "HEAD"]);
/** A response of these has no body, not even an empty one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
/** The longest wait for an answer. A person tries again before that. */
const PATIENCE_MS = 20_000;
/** A table of a large case takes longer, and a person who keeps a file waits for it. */
const FILE_PATIENCE_MS = 120_000;

/** The one read that may be tried without a session, to see whether the officer has signed in again. */
const SESSION_PATH = "/api/v1/session";

let csrfToken = "";
let isSignedOut = false;
let onSignedOut: () => void = () => undefined;

/** Say that the server does not know the session any more. */
export function signedOut(): void {
  // A screen on the wall has no session yet when it sends its token.
  isSignedOut = csrfToken !== "";
  onSignedOut();
}

/** Keep the token of a session, which is alive. */
export function setCsrfToken(token: string): void {
  csrfToken = token;
  isSignedOut = false;
}

/** Call this when the server does not know the session any more. */
export function whenSignedOut(then: () => void): void {
  onSignedOut = then;
}

/** Whether a request would only be refused, because the session is over. */
function isInVain(request: Request): boolean {
  return isSignedOut && new URL(request.url).pathname !== SESSION_PATH;
}

async function send(request: Request): Promise<Response> {
  if (isInVain(request)) return Response.json({ code: "signed_out", detail: parts.now()("signed_out") }, { status: 401 });
  if (!SAFE.has(request.method)) {
    request.headers.set("X-CSRF-Token", csrfToken);
    // An act without a body is JSON too, or the API refuses it.
    if (!request.headers.has("Content-Type")) request.headers.set("Content-Type", "application/json");
  }
  const sentAt = Date.now();
  const isFile = /csv|spreadsheet/.test(request.headers.get("Accept") ?? "");
  const late = new AbortController();
  // A signal of `AbortSignal.timeout` would stay in memory for its whole time, with its request.
  const timer = setTimeout(() => late.abort(new DOMException("no answer", "TimeoutError")), isFile ? FILE_PATIENCE_MS : PATIENCE_MS);
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, late.signal]) });
    learn(response.headers.get("date"), sentAt, Date.now());
    if (response.status === 401) signedOut();
    const [found] = await Promise.all([whole(response), response.ok ? null : fetchSentences()]);
    return found;
  } finally {
    clearTimeout(timer);
  }
}

/** Return a response with its whole body, because the wait for an answer includes the body. */
async function whole(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const body = await response.arrayBuffer();
  return new Response(WITHOUT_BODY.has(status) ? null : body, { status, statusText, headers });
}

/** Return a client that sends these headers too. */
export function clientWith(headers: Readonly<Record<string, string>>) {
  return createClient<paths>({ baseUrl: location.origin, credentials: "same-origin", fetch: send, headers });
}

export const api = clientWith({});
