/** Names of districts in the language of the page, as the wall has them. */

import { useQuery } from "@tanstack/react-query";

import { overview } from "./reads.ts";
import { supervisor } from "./text.ts";

/** Return how people call a district of the State; another text stays as it is. */
export function useDistrictName(): (district: string) => string {
  const t = supervisor.use();
  const { data } = useQuery(overview);
  return (district) => {
    const found = data?.recent.districts.find((one) => one.code === district.trim().toUpperCase());
    if (found === undefined) return district;
    return t.language === "hi" ? found.hindi : found.english;
  };
}
