import type { Schemas } from "../../api/client.ts";

type Team = Schemas["WallTeam"];

export interface TeamLoad {
  readonly name: string;
  readonly onShift: number;
  readonly tasks: number;
  /** items for each officer on shift; null if none is on shift */
  readonly each: number | null;
}

/** The load of the teams, those with the most items for each officer first; items that no officer on shift has lead. */
export function teamLoads(teams: readonly Team[]): readonly TeamLoad[] {
  const weight = (one: TeamLoad): number => one.each ?? (one.tasks > 0 ? Number.POSITIVE_INFINITY : -1);
  return teams
    .map(({ name, on_shift: onShift, tasks }) => ({ name, onShift, tasks, each: onShift > 0 ? tasks / onShift : null }))
    .sort((one, other) => (weight(other) === weight(one) ? other.tasks - one.tasks : weight(other) > weight(one) ? 1 : -1));
}
