import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef } from "react";

/**
 * Read again what the stream says has changed, a little later, because changes come in bursts.
 *
 * The first change begins the wait, so that a steady flow is read too.
 */
export function useReadAgain(afterMs: number): (read: QueryKey) => void {
  const client = useQueryClient();
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const { current } = timers;
    return () => {
      for (const [name, timer] of current) {
        clearTimeout(timer);
        // The page that comes back reads what changed, also if it comes back at once.
        void client.invalidateQueries({ queryKey: JSON.parse(name) as QueryKey, refetchType: "none" });
      }
      current.clear();
    };
  }, [client]);
  return (queryKey) => {
    const name = JSON.stringify(queryKey);
    if (timers.current.has(name)) return;
    const read = (): void => {
      timers.current.delete(name);
      void client.invalidateQueries({ queryKey });
    };
    timers.current.set(name, setTimeout(read, afterMs));
  };
}
