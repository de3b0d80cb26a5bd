/** Names of banks and districts by the codes that the API has for them. */

import { queryOptions, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { api, type Schemas } from "../api/client.ts";
import { ok } from "../api/problem.ts";
import { queries } from "../api/queries.ts";
import { useLanguage } from "../text/language.ts";

/** The banks of the directory, the districts of the State and the teams, from which an officer chooses. */
export const choices = queryOptions({
  queryKey: ["choices"],
  staleTime: 600_000,
  queryFn: () => ok(api.GET("/api/v1/drafts/choices")),
});

/** Return the name of a bank, as far as names were read before; else the code. Acts take it when they are opened. */
export function bankName(code: string): string {
  return queries.getQueryData(choices.queryKey)?.institutions.find((one) => one.code === code)?.name ?? code;
}

/** Read the names of banks, and return what gives the name of a code. An unknown code stays as it is. */
export function useBankName(): (code: string | null | undefined) => string {
  const { data } = useQuery(choices);
  return useMemo(() => {
    const names = new Map(data?.institutions.map((one) => [one.code, one.name]));
    return (code) => names.get(code ?? "") ?? code ?? "";
  }, [data]);
}

/** Return the name of the bank of an account, by its code or as a person told it. */
export type BankName = ReturnType<typeof useBankName>;

/** The same for districts, in the language of the page. */
export function useDistrictName(): (district: string | null | undefined) => string {
  const { data } = useQuery(choices);
  const language = useLanguage();
  return useMemo(() => {
    const names = new Map(data?.districts.map((one) => [one.code, language === "hi" ? one.hindi : one.english]));
    return (district) => names.get((district ?? "").trim().toUpperCase()) ?? district ?? "";
  }, [data, language]);
}

/** The account that a complaint names as the payer of a transfer. */
export function payerOf(one: Schemas["ContestedTransfer"], complaint: string, bankOf: (code: string) => string = bankName): string {
  const claim = one.claims.find((each) => each.ack_no === complaint);
  return claim ? `${bankOf(claim.payer_institution)}${claim.account_end && ` ••${claim.account_end}`}` : "–";
}

/** A code of the API, with its name in the language of the page. */
export interface Named {
  readonly value: string;
  readonly label: string;
}

/** Read the districts of the State, for a choice. */
export function useDistricts(): readonly Named[] {
  const { data } = useQuery(choices);
  const language = useLanguage();
  return useMemo(
    () => data?.districts.map((one) => ({ value: one.code, label: language === "hi" ? one.hindi : one.english })) ?? [],
    [data, language],
  );
}
