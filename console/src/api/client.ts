/** The client of our API. The session is in a cookie that scripts cannot read; changes carry the token beside it. */

import createClient from "openapi-fetch";

import { learn } from "../text/clock.ts";
import type { components, paths } from "./generated.ts";

export type Schemas = components["schemas"];

const SAFE = new Set(["GET", "HEAD"]);
/** A response of these has no body, not even an empty one. */
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);
/** The longest wait for an answer. A person tries again before that. */
const PATIENCE_MS = 20_000;
/** A table of a large case takes longer, and a person who keeps a file waits for it. */
const FILE_PATIENCE_MS = 120_000;

let csrfToken = "";
let onSignedOut: () => void = () => undefined;

/** Say that the server does not know the session any more. */
export function signedOut(): void {
  onSignedOut();
}

export function setCsrfToken(token: string): void {
  csrfToken = token;
}

/** Call this when the server does not know the session any more. */
export function whenSignedOut(then: () => void): void {
  onSignedOut = then;
}

let readReason = "";

/** Say why the officer reads a case of other officers. It goes with each request until another reason, or "", is said. */
export function setReadReason(reason: string): void {
  readReason = reason;
}

async function send(request: Request): Promise<Response> {
  if (!SAFE.has(request.method)) {
    request.headers.set("X-CSRF-Token", csrfToken);
    // An act without a body is JSON too, or the API refuses it.
    if (!request.headers.has("Content-Type")) request.headers.set("Content-Type", "application/json");
  }
  if (readReason) request.headers.set("X-Read-Reason", encodeURIComponent(readReason));
  const sentAt = Date.now();
  const isFile = /csv|spreadsheet/.test(request.headers.get("Accept") ?? "");
  const late = new AbortController();
  // A signal of `AbortSignal.timeout` would stay in memory for its whole time, with its request.
  const timer = setTimeout(() => late.abort(new DOMException("no answer", "TimeoutError")), isFile ? FILE_PATIENCE_MS : PATIENCE_MS);
  try {
    const response = await fetch(request, { signal: AbortSignal.any([request.signal, late.signal]) });
    learn(response.headers.get("date"), sentAt, Date.now());
    if (response.status === 401) signedOut();
    return await whole(response);
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

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin", fetch: send });
