/** The client of our API. The session is in a cookie that scripts cannot read; changes carry the token beside it. */

import createClient from "openapi-fetch";

import { learn } from "../text/clock.ts";
import type { components, paths } from "./generated.ts";

export type Schemas = components["schemas"];

const SAFE = new Set(["GET", "HEAD"]);
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

async function send(request: Request): Promise<Response> {
  if (!SAFE.has(request.method)) {
    request.headers.set("X-CSRF-Token", csrfToken);
    // An act without a body is JSON too, or the API refuses it.
    if (!request.headers.has("Content-Type")) request.headers.set("Content-Type", "application/json");
  }
  const sentAt = Date.now();
  const isFile = /csv|spreadsheet/.test(request.headers.get("Accept") ?? "");
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(isFile ? FILE_PATIENCE_MS : PATIENCE_MS)]);
  const response = await fetch(request, { signal });
  learn(response.headers.get("date"), sentAt, Date.now());
  if (response.status === 401) signedOut();
  return response;
}

/** Return a client that sends these headers too. */
export function clientWith(headers: Readonly<Record<string, string>>) {
  return createClient<paths>({ baseUrl: location.origin, credentials: "same-origin", fetch: send, headers });
}

export const api = clientWith({});
