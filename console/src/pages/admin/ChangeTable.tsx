/** What changes: before and after, a row for each field. */

import type { ReactNode } from "react";

import { useDistrictName } from "../../parts/names.ts";
import { changeText } from "./changeValues.ts";
import type { Change } from "./reads.ts";
import { admin, type AdminRead, named } from "./text.ts";

/** The name of a field of a change, such as `role.sp` or `nodal_officer.2`. */
export function fieldText(t: AdminRead, field: string): string {
  const dot = field.indexOf(".");
  if (dot < 0 || t.has(`field.${field}`)) return named(t, "field", field);
  const [kind, rest] = [field.slice(0, dot), field.slice(dot + 1)];
  if (kind === "role") return t("field.role", { role: named(t, "role", rest) });
  if (kind === "nodal_officer") return t("field.nodal_officer", { number: rest });
  if (kind === "credentials") return t("field.credentials", { channel: named(t, "channel", rest) });
  if (kind === "key_request") return t("field.key_request", { key: rest });
  if (kind === "person") return t("field.person", { email: rest });
  return kind === "key" ? t("field.key", { key: rest }) : field;
}

export function ChangeTable({ changes }: { changes: readonly Change[] }): ReactNode {
  const t = admin.use();
  if (changes.length === 0) return <p className="mut sm">{t("nothing_changes")}</p>;
  return (
    <div className="admin-scroll" role="region" aria-label={t("what_changes")} tabIndex={0}>
      <table className="grid changes">
        <thead>
          <tr>
            <th scope="col">{t("field")}</th>
            <th scope="col">{t("before")}</th>
            <th scope="col">{t("after")}</th>
          </tr>
        </thead>
        <tbody>
          {changes.map((one) => (
            <tr key={one.field}>
              <th scope="row">{fieldText(t, one.field)}</th>
              <td>
                <Value change={one} kind="before" />
              </td>
              <td>
                <Value change={one} kind="after" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** A value of a change: what it was is struck through, what it becomes is marked. */
export function Value({ change, kind }: { change: Change; kind: "before" | "after" }): ReactNode {
  const t = admin.use();
  const districtOf = useDistrictName();
  const text = change[kind];
  if (text === null || text === "") return <span className="mut">–</span>;
  const shown = changeText(t, change.field, text, districtOf);
  return kind === "before" ? <del>{shown}</del> : <ins>{shown}</ins>;
}
