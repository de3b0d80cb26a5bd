/** Kinds of documents that officers issue: what each is about, and which facts only the officer knows. Pure. */

import type { Schemas } from "../../../api/client.ts";

export type Kind = Schemas["DocumentKind"];
export type About = "case" | "bank" | "hold" | "complaint" | "restoration" | "order";
export type Particular = "documents" | "period_from" | "period_to" | "by" | "place" | "magistrate" | "grounds";

interface Rule {
  readonly about: About;
  readonly particulars: readonly Particular[];
  /** only the investigating officer and superiors issue it */
  readonly isSeizure?: boolean;
}

/** The signed application is left out, because the signature of the victim issues it. */
export const RULES: Readonly<Partial<Record<Kind, Rule>>> = {
  lien_notice: { about: "bank", particulars: [] },
  magistrate_report: { about: "case", particulars: ["magistrate"] },
  follow_up: { about: "bank", particulars: [] },
  notice_94: { about: "bank", particulars: ["documents", "period_from", "period_to", "by", "place"] },
  notice_106: { about: "bank", particulars: ["magistrate", "grounds"], isSeizure: true },
  notice_107: { about: "hold", particulars: ["place", "by", "grounds"], isSeizure: true },
  restoration_application: { about: "restoration", particulars: [] },
  restoration_order: { about: "order", particulars: [] },
  release_order: { about: "order", particulars: [] },
  holder_notice: { about: "hold", particulars: ["by"] },
  status_letter: { about: "complaint", particulars: [] },
};

export function kindsFor(maySeize: boolean): readonly Kind[] {
  return (Object.keys(RULES) as Kind[]).filter((kind) => maySeize || !RULES[kind]?.isSeizure);
}

interface Issued {
  readonly kind: Kind;
  readonly subject: string;
  readonly language: string;
  readonly revision: number;
}

/** The next revision about a subject: the first one if none is issued yet. */
export function nextRevision(issued: readonly Issued[], kind: Kind, subject: string, language: string): number {
  const own = issued.filter((one) => one.kind === kind && one.subject === subject && one.language === language);
  return Math.max(0, ...own.map((one) => one.revision)) + 1;
}
