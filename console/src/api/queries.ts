/** The cache of what was read, and its rules. Events of the stream keep it fresh, so only what it does not tell is read by a timer. */

import { QueryClient } from "@tanstack/react-query";

import { problemOf } from "./problem.ts";

const TRIES_MAX = 2;

export const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failed, error) => failed < TRIES_MAX && problemOf(error).isTemporary,
      retryDelay: (failed) => 500 * 2 ** failed,
      // A page shows that the line is down and tries, because browsers are often wrong about it.
      networkMode: "always",
    },
    mutations: { retry: false, networkMode: "always" },
  },
});
