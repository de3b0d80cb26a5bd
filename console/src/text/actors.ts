/** Officers as the log names them: `officer:` with the id. Pure. */

/** The id of the officer behind an actor of the log; what acted instead of an officer stays as it is. */
export function personOf(actor: string | null | undefined): string {
  return (actor ?? "").replace(/^officer:/, "");
}

export function isActor(officerId: string, actor: string | null | undefined): boolean {
  return personOf(actor).toLowerCase() === officerId.toLowerCase();
}
