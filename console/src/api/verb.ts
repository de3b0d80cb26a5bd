/** Acts of an officer: shown at once, sent with a key of their own, and taken back with the server's own reason. */

import { type QueryClient, type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";

import { say } from "../parts/toasts.ts";
import { type Problem, problemOf } from "./problem.ts";

export interface VerbOptions<Input, Result> {
  /** Send the act. The key is the same for each try of one act, and of no other one. */
  readonly run: (input: Input, key: string) => Promise<Result>;
  /** Show the effect in the cache before the server answers; return what takes it back. */
  readonly show?: (client: QueryClient, input: Input) => () => void;
  /** What is read again after the answer, good or bad. */
  readonly readAgain?: readonly QueryKey[];
  /** What is read again waits for it. */
  readonly done?: (result: Result, input: Input) => unknown;
  /** Without it, a refusal is shown as a message at the edge of the page. */
  readonly refused?: (problem: Problem, input: Input) => void;
}

export interface Verb<Input, Result> {
  readonly act: (input: Input) => void;
  /** The same; the caller waits for the result, or for the problem. */
  readonly ask: (input: Input) => Promise<Result>;
  readonly isRunning: boolean;
  readonly problem: Problem | null;
  readonly forget: () => void;
}

export function useVerb<Input, Result>(options: VerbOptions<Input, Result>): Verb<Input, Result> {
  const client = useQueryClient();
  const mutation = useMutation<Result, unknown, Input, () => void>({
    mutationFn: (input) => options.run(input, crypto.randomUUID()),
    onMutate: (input) => options.show?.(client, input) ?? (() => undefined),
    onSuccess: (result, input) => options.done?.(result, input),
    onError: (error, input, takeBack) => {
      takeBack?.();
      const problem = problemOf(error);
      if (options.refused) options.refused(problem, input);
      else say({ kind: "bad", ...problem.said(), code: problem.code });
    },
    onSettled: () =>
      Promise.all((options.readAgain ?? []).map((queryKey) => client.invalidateQueries({ queryKey }))).then(
        () => undefined,
      ),
  });
  return {
    act: mutation.mutate,
    ask: mutation.mutateAsync,
    isRunning: mutation.isPending,
    problem: mutation.error === null ? null : problemOf(mutation.error),
    forget: mutation.reset,
  };
}
