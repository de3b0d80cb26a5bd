/**
 * Keeps what is typed of one call: in memory at once, at the server by revision soon after.
 *
 * While the line is down it stays in memory, is tried again, and the page says so. Nothing is kept in the browser's
 * storage, because a draft is personal.
 */

import { useSyncExternalStore } from "react";

import { api, type Schemas } from "../../api/client.ts";
import { ok, type Problem, problemOf } from "../../api/problem.ts";
import { queries } from "../../api/queries.ts";
import { type Content, joined } from "./content.ts";
import { ownDrafts } from "./drafts.ts";

export type Draft = Schemas["Draft"];
export type Saving = "saved" | "typing" | "saving" | "no_line" | "refused";

export interface Kept {
  readonly content: Content;
  readonly saving: Saving;
  readonly savedAt: number;
  readonly problem: Problem | null;
  /** places of the transfers that were begun after the complaint was sent, and are not sent yet */
  readonly unsent: ReadonlySet<number>;
}

/** What the list of drafts shows of a call. */
function titleOf(content: Content): string {
  return `${content.victim?.name} ${content.caller_mobile || content.victim?.mobile}`;
}

const SAVE_AFTER_MS = 1000;
const TRY_AGAIN_MS = 2000;
const STALE = "draft_stale";
const STALE_TRIES_MAX = 3;

export class Keeper {
  readonly id: string;
  #kept: Kept;
  /** what the server has */
  #base: Content;
  #revision: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #running: Promise<void> | null = null;
  readonly #listeners = new Set<() => void>();

  constructor(draft: Draft) {
    this.id = draft.draft_id;
    this.#base = draft.content;
    this.#revision = draft.revision;
    this.#kept = {
      content: draft.content,
      saving: "saved",
      savedAt: Date.parse(draft.saved_at),
      problem: null,
      unsent: new Set(),
    };
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly kept = (): Kept => this.#kept;

  change(update: (content: Content) => Content): void {
    this.#set({ content: update(this.#kept.content), saving: "typing" });
    this.#soon(SAVE_AFTER_MS);
  }

  /** Note that a transfer is begun which the complaint does not have. A case may know it already, by its reference. */
  beginTransfer(index: number): void {
    this.#set({ unsent: new Set([...this.#kept.unsent, index]) });
  }

  /** Note that the complaint has everything that is typed, but for transfers with a fact among those that are missing. */
  sent(missing: readonly string[]): void {
    const lacks = (index: number): boolean => missing.some((field) => field.startsWith(`transfers[${index}].`));
    this.#set({ unsent: new Set([...this.#kept.unsent].filter(lacks)) });
  }

  /** Save what is typed now. Throws the problem if it cannot be saved. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#running) await this.#running;
    if (this.#kept.content === this.#base) return;
    await this.#save();
    if (this.#kept.problem) throw this.#kept.problem;
    // What was typed meanwhile is part of it.
    if (this.#kept.content !== this.#base) await this.flush();
  }

  /** Save what is typed now, and not after the pause between two savings. */
  saveNow(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#running) void this.#running.then(() => this.saveNow());
    else if (this.#kept.content !== this.#base) void this.#save();
  }

  /** Forget the draft, because it is ended or another officer has it. */
  close(): void {
    clearTimeout(this.#timer);
  }

  #soon(milliseconds: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      void this.#save();
    }, milliseconds);
  }

  #save(): Promise<void> {
    this.#running ??= this.#put(STALE_TRIES_MAX).finally(() => {
      this.#running = null;
      if (this.#kept.content !== this.#base && this.#kept.saving === "typing") this.#soon(SAVE_AFTER_MS);
    });
    return this.#running;
  }

  async #put(tries: number): Promise<void> {
    const { content } = this.#kept;
    this.#set({ saving: "saving" });
    try {
      const saved = await ok(
        api.PUT("/api/v1/drafts/{draft_id}", {
          params: { path: { draft_id: this.id } },
          body: { revision: this.#revision, content },
        }),
      );
      this.#revision = saved.revision;
      if (titleOf(content) !== titleOf(this.#base)) void queries.invalidateQueries({ queryKey: ownDrafts.queryKey });
      this.#base = content;
      const saving = this.#kept.content === content ? "saved" : "typing";
      this.#set({ saving, savedAt: Date.parse(saved.saved_at), problem: null });
    } catch (error) {
      const problem = problemOf(error);
      if (problem.code === STALE && tries > 0) {
        this.#takeIn(problem);
        await this.#put(tries - 1);
        return;
      }
      this.#set({ saving: problem.isTemporary ? "no_line" : "refused", problem });
      if (problem.isTemporary) this.#soon(TRY_AGAIN_MS);
    }
  }

  /** Join what another seat has saved with what was typed here. */
  #takeIn(problem: Problem): void {
    const stored = problem.params["stored"] as Content;
    this.#revision = Number(problem.params["revision"]);
    this.#set({ content: joined(this.#base, this.#kept.content, stored) });
    this.#base = stored;
  }

  #set(change: Partial<Kept>): void {
    this.#kept = { ...this.#kept, ...change };
    for (const listener of this.#listeners) listener();
  }
}

const keepers = new Map<string, Keeper>();

/** Return the keeper of a draft. It stays while the officer works on another call. */
export function keeperOf(draft: Draft): Keeper {
  let found = keepers.get(draft.draft_id);
  if (!found) {
    found = new Keeper(draft);
    keepers.set(draft.draft_id, found);
  }
  return found;
}

export function closeKeeper(draftId: string): void {
  keepers.get(draftId)?.close();
  keepers.delete(draftId);
}

export function useKept(keeper: Keeper): Kept {
  return useSyncExternalStore(keeper.subscribe, keeper.kept);
}
