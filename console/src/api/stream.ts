/**
 * The officer's stream of changes. One tab of a browser reads it and tells the others, because a browser opens few
 * connections to one host. Whoever has the lock reads; when that tab is closed, the next one gets the lock.
 */

import { useEffect, useRef, useSyncExternalStore } from "react";

import { learnExact, serverNow } from "../text/clock.ts";
import { type Schemas, signedOut } from "./client.ts";
import { queries } from "./queries.ts";
import { SILENT_MS, silenceMs } from "./silence.ts";
import { SentEvents } from "./sse.ts";

/** One change: its kind, id and version, and what it says. A newer event of the same kind and id has the larger version. */
export type StreamEvent = Schemas["StreamPage"]["items"][number];

/** `queue`, `drafts`, `breaches` or `case:` with a number. */
export type Topic = string;

export interface StreamState {
  /** `starting` until the first opening; `broken` while the page may be old */
  readonly state: "starting" | "live" | "broken";
  /** server's time at which it broke */
  readonly since: number | null;
}

type Heard =
  | { readonly what: "event"; readonly event: StreamEvent; readonly position: string }
  | { readonly what: "state"; readonly state: StreamState }
  | { readonly what: "topics"; readonly tab: string; readonly topics: readonly Topic[] }
  | { readonly what: "ask" };

const PATH = "/api/v1/stream";
const LOCK = "goldenhour.stream";
const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15_000] as const;
/** A server that is said not to answer has so long to open the stream after all. */
const OPENING_MS = 20_000;
const VERSIONS_MAX = 20_000;

const tab = crypto.randomUUID();
const channel = new BroadcastChannel(LOCK);
const handlers = new Set<(event: StreamEvent) => void>();
const watchers = new Set<() => void>();
const openers = new Set<() => void>();
const own = new Map<Topic, number>();
const others = new Map<string, readonly Topic[]>();
const versions = new Map<string, number>();

let shown: StreamState = { state: "starting", since: null };
let position = "";
let openings = 0;
let isReader = false;
let reading: AbortController | null = null;
let isStarted = false;
/** ends the wait before the next try */
let tryNow: () => void = () => undefined;

// -- what components use -----------------------------------------------------------------------------------------------

export function useStream(): StreamState {
  return useSyncExternalStore(
    (watcher) => {
      start();
      watchers.add(watcher);
      return () => watchers.delete(watcher);
    },
    () => shown,
  );
}

/** Have these topics in the stream while the component is there, and get each of their events once. */
export function useTopics(topics: readonly Topic[], handle: (event: StreamEvent) => void): void {
  const latest = useRef(handle);
  useEffect(() => {
    latest.current = handle;
  });
  const named = topics.join(",");
  useEffect(() => {
    if (!named) return undefined;
    const wanted = named.split(",");
    const heard = (event: StreamEvent): void => latest.current(event);
    handlers.add(heard);
    for (const topic of wanted) own.set(topic, (own.get(topic) ?? 0) + 1);
    changedTopics();
    return () => {
      handlers.delete(heard);
      for (const topic of wanted) {
        const left = (own.get(topic) ?? 1) - 1;
        if (left > 0) own.set(topic, left);
        else own.delete(topic);
      }
      changedTopics();
    };
  }, [named]);
}

/** Do this whenever the stream is open, the first time and after each break. */
export function whenOpen(opener: () => void): void {
  openers.add(opener);
}

/** Return the newest version that was heard of a thing, or 0. */
export function newestHeard(kind: StreamEvent["kind"], id: string): number {
  return versions.get(`${kind} ${id}`) ?? 0;
}

// -- between tabs ------------------------------------------------------------------------------------------------------

channel.onmessage = ({ data }: MessageEvent<Heard>) => {
  if (data.what === "event") {
    position = data.position;
    deliver(data.event);
  }
  else if (data.what === "state") show(data.state);
  else if (data.what === "ask") tellTopics();
  else {
    if (data.topics.length > 0) others.set(data.tab, data.topics);
    else others.delete(data.tab);
    if (isReader) {
      channel.postMessage({ what: "state", state: shown } satisfies Heard);
      readAgain();
    }
  }
};

function tellTopics(): void {
  channel.postMessage({ what: "topics", tab, topics: [...own.keys()] } satisfies Heard);
}

let isTelling = false;

/** Topics change in bursts while a page is drawn, so they are told once it is drawn. */
function changedTopics(): void {
  start();
  if (isTelling) return;
  isTelling = true;
  setTimeout(() => {
    isTelling = false;
    tellTopics();
    readAgain();
  });
}

function start(): void {
  if (isStarted) return;
  isStarted = true;
  addEventListener("pagehide", () => {
    channel.postMessage({ what: "topics", tab, topics: [] } satisfies Heard);
  });
  // A computer knows at once that it has no network. The silence of the stream says it after some intervals only.
  addEventListener("offline", () => reading?.abort());
  addEventListener("online", () => tryNow());
  void navigator.locks.request(LOCK, async () => {
    isReader = true;
    channel.postMessage({ what: "ask" } satisfies Heard);
    await read();
  });
}

// -- the tab that reads ------------------------------------------------------------------------------------------------

function wanted(): string {
  return [...new Set([...own.keys(), ...[...others.values()].flat()])].sort().join(",");
}

let asked = "";

/** Open the stream with other topics, if they are others. */
function readAgain(): void {
  if (isReader && wanted() !== asked) reading?.abort();
}

async function read(): Promise<never> {
  for (let failed = 0; ; ) {
    asked = wanted();
    reading = new AbortController();
    const before = asked;
    try {
      await readOnce(asked, reading, () => {
        failed = 0;
      });
    } catch {
      // Each failure has one answer: say that the page may be old, and try again.
    }
    if (wanted() !== before) continue;
    broke();
    const wait = WAITS_MS[Math.min(failed, WAITS_MS.length - 1)] ?? 500;
    failed += 1;
    await new Promise<void>((resolve) => {
      tryNow = resolve;
      setTimeout(resolve, wait * (0.75 + Math.random() / 2));
    });
  }
}

async function readOnce(topics: string, control: AbortController, began: () => void): Promise<void> {
  const headers: Record<string, string> = { Accept: "text/event-stream" };
  if (position) headers["Last-Event-ID"] = position;
  const query = topics ? `?topics=${encodeURIComponent(topics)}` : "";
  const late = setTimeout(broke, SILENT_MS);
  const tooLate = setTimeout(() => control.abort(), OPENING_MS);
  const response = await fetch(`${PATH}${query}`, { headers, signal: control.signal }).finally(() => {
    clearTimeout(late);
    clearTimeout(tooLate);
  });
  if (response.status === 401) signedOut();
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  const pieces = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const events = new SentEvents();
  let patience = SILENT_MS;
  for (;;) {
    const timer = setTimeout(() => control.abort(), patience);
    const { done, value } = await pieces.read().finally(() => clearTimeout(timer));
    if (done) return;
    for (const sent of events.take(value)) {
      const event = JSON.parse(sent.data) as StreamEvent;
      if (sent.id) position = sent.id;
      if (event.kind === "opening") {
        patience = silenceMs(event.data.clock_seconds);
        began();
        tell({ state: "live", since: null });
      }
      channel.postMessage({ what: "event", event, position } satisfies Heard);
      deliver(event);
    }
  }
}

/** Say that what is shown may be old. */
function broke(): void {
  tell({ state: "broken", since: shown.since ?? serverNow() });
}

function tell(state: StreamState): void {
  channel.postMessage({ what: "state", state } satisfies Heard);
  show(state);
}

// -- every tab ---------------------------------------------------------------------------------------------------------

function show(state: StreamState): void {
  shown = state;
  for (const watcher of watchers) watcher();
}

function deliver(event: StreamEvent): void {
  if (event.kind === "opening" || event.kind === "clock") {
    learnExact(Date.parse(event.data.server_time), Date.now());
    if (event.kind === "opening") {
      openings += 1;
      for (const opener of openers) opener();
    }
    return;
  }
  if (event.kind === "reset") {
    versions.clear();
    // What was read just before the first stream of this page is as new as the stream.
    if (openings !== 1) void queries.invalidateQueries();
  } else if (!isNew(event)) {
    return;
  }
  for (const handle of handlers) handle(event);
}

/** Whether nothing newer about the same thing was heard. Streams that overlap say things twice. */
function isNew(event: StreamEvent): boolean {
  const key = `${event.kind} ${event.id}`;
  const before = versions.get(key);
  if (before !== undefined && before >= event.version) return false;
  versions.delete(key);
  versions.set(key, event.version);
  if (versions.size > VERSIONS_MAX) {
    const [oldest] = versions.keys();
    if (oldest !== undefined) versions.delete(oldest);
  }
  return true;
}
