/** The client of our API. The session is in a cookie that scripts cannot read; changes carry the token beside it. */

import createClient from "openapi-fetch";

import { parts } from "../parts/catalogue.ts";
import { learn } from "../text/clock.ts";
import type { components, paths } from "./generated.ts";

export type Schemas = components["schemas"];

const SAFE = new Set(["GET", "HEAD"]);
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
  isSignedOut = true;
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

let readReason = "";

/** Say why the officer reads a case of other officers. It goes with each request until another reason, or "", is said. */
export function setReadReason(reason: string): void {
  readReason = reason;
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
  if (readReason) request.headers.set("X-Read-Reason", encodeURIComponent(readReason));
  const sentAt = Date.now();
  const isFile = /csv|spreadsheet/.test(request.headers.get("Accept") ?? "");
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(isFile ? FILE_PATIENCE_MS : PATIENCE_MS)]);
  const response = await fetch(request, { signal });
  learn(response.headers.get("date"), sentAt, Date.now());
  if (response.status === 401) signedOut();
  return response;
}

export const api = createClient<paths>({ baseUrl: location.origin, credentials: "same-origin", fetch: send });
