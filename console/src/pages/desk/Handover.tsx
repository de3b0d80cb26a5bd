/** The hand-over at the end of a shift: what each officer did and left, and the note for the next shift. */

import { type QueryKey, useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, useSearch } from "@tanstack/react-router";
import { type ReactNode, useRef } from "react";

import "./desk.css";

import { api } from "../../api/client.ts";
import { ok } from "../../api/problem.ts";
import { useVerb } from "../../api/verb.ts";
import { useSession } from "../../app/session.ts";
import { keyText, useCommand } from "../../keys/commands.ts";
import { FileButtons } from "../../parts/FileButtons.tsx";
import { KeyMark } from "../../parts/KeyMark.tsx";
import { Rupees } from "../../parts/money.tsx";
import { EmptyState, ErrorState, LoadingState } from "../../parts/states.tsx";
import { Moment } from "../../parts/time.tsx";
import { say } from "../../parts/toasts.ts";
import { useNow } from "../../text/clock.ts";
import { rangeText, untilText } from "../../text/moments.ts";
import { deskCommands } from "./commands.ts";
import { actsOf } from "./shiftRecord.ts";
import {
  handover,
  type Handover as Told,
  type OfficerHandover,
  type OwnShift,
  ownShifts,
  type Shift,
  shifts,
} from "./shifts.ts";
import { desk } from "./text.ts";
import { forgetNote, type NoteKey, useUnsent } from "./unsent.ts";
import { useOpenView, Views } from "./Views.tsx";

const NOTE_MIN_CHARS = 3;
const NOTE_MAX_CHARS = 2000;

export default function Handover(): ReactNode {
  const t = desk.use();
  const open = useOpenView();
  const { shift } = useSearch({ strict: false }) as { shift?: number };
  const found = useInfiniteQuery(shifts);
  const listed = found.data?.pages.flatMap((page) => page.items) ?? [];
  const chosen = Number.isSafeInteger(shift) ? shift : listed[0]?.shift_id;
  const mayWrite = useSession().actions.includes("own_task");
  const own = useQuery({ ...ownShifts, enabled: mayWrite }).data?.items ?? [];
  return (
    <main className="desk">
      <h1 className="sr">{t("shift.title")}</h1>
      <Views filter={null} open={open} />
      {own.map((one, index) => (
        <EarlyNote key={`${one.team} ${one.ends_at} ${one.noted_at}`} shift={one} isFirst={index === 0} />
      ))}
      {found.error !== null && found.data === undefined && (
        <ErrorState error={found.error} reset={() => void found.refetch()} />
      )}
      {found.isPending && <LoadingState />}
      {found.isSuccess && listed.length === 0 && <EmptyState>{t("shift.none")}</EmptyState>}
      {listed.length > 0 && (
        <div className="work shifts">
          <nav className="list" aria-label={t("shift.list")}>
            <ul className="shift-list">
              {listed.map((one) => (
                <ShiftLink key={one.shift_id} shift={one} isChosen={one.shift_id === chosen} />
              ))}
            </ul>
            {found.hasNextPage && (
              <button type="button" className="btn" onClick={() => void found.fetchNextPage()}>
                {t("shift.more")}
              </button>
            )}
          </nav>
          {chosen !== undefined && <ShiftRecord key={chosen} shiftId={chosen} hasKey={own.length === 0} />}
        </div>
      )}
    </main>
  );
}

function ShiftLink({ shift, isChosen }: { shift: Shift; isChosen: boolean }): ReactNode {
  const t = desk.use();
  return (
    <li>
      <Link
        to="/desk/handover"
        search={{ shift: shift.shift_id } as never}
        aria-current={isChosen ? "true" : undefined}
      >
        <b>{shift.team}</b> <Moment at={Date.parse(shift.ends_at)} />
        <br />
        <span className="sm">
          {t.count("shift.left", shift.open_items)} <Rupees paise={shift.open_paise} />
        </span>
      </Link>
    </li>
  );
}

/** `hasKey`: whether the key of the note is free for this record. */
function ShiftRecord({ shiftId, hasKey }: { shiftId: number; hasKey: boolean }): ReactNode {
  const me = useSession().officer_id;
  const { data, error, refetch } = useQuery(handover(shiftId));
  if (error !== null) return <ErrorState error={error} reset={() => void refetch()} />;
  if (data === undefined) return <LoadingState />;
  const own = data.officers.find((one) => one.officer_id === me);
  return (
    <article className="record" aria-labelledby="h-record">
      <header className="row wrap">
        <h2 id="h-record">{data.team}</h2>
        <span className="mut">
          {rangeText(Date.parse(data.starts_at), Date.parse(data.ends_at))}
        </span>
        <FileButtons
          name={`handover-${shiftId}`}
          of={data.team}
          get={(how) =>
            ok<Blob>(api.GET("/api/v1/shifts/{shift_id}/handover", { ...how, params: { path: { shift_id: shiftId } } }))
          }
          isPushed
        />
      </header>
      {own && <RecordNote key={own.noted_at} record={data} before={own.note} hasKey={hasKey} />}
      {data.officers.map((one) => (
        <Officer key={one.officer_id} officer={one} isMe={one.officer_id === me} />
      ))}
    </article>
  );
}

/** The note for a shift that has no record yet. */
function EarlyNote({ shift, isFirst }: { shift: OwnShift; isFirst: boolean }): ReactNode {
  const t = desk.use();
  const { team, ends_at } = shift;
  const ends = Date.parse(ends_at);
  const now = useNow();
  const about = now < ends ? "shift.runs" : "shift.no_record";
  return (
    <section className="own-shift">
      <p className="sm mut">{t(about, { team, at: untilText(ends, now) })}</p>
      <Note
        id={`own-shift-note-${ends}`}
        unsent={`shift ${team} ${ends_at}`}
        before={shift.note}
        hasKey={isFirst}
        run={(note) => ok(api.PUT("/api/v1/shifts/own/note", { body: { team, ends_at, note } }))}
        said={t("shift.noted_early")}
        readAgain={[ownShifts.queryKey]}
      />
    </section>
  );
}

/** The note of this officer in a record, which the next shift reads. */
function RecordNote({ record, before, hasKey }: { record: Told; before: string; hasKey: boolean }): ReactNode {
  const t = desk.use();
  const params = { path: { shift_id: record.shift_id } };
  return (
    <Note
      id="shift-note"
      unsent={`shift ${record.shift_id}`}
      before={before}
      hasKey={hasKey}
      run={(note) => ok(api.PUT("/api/v1/shifts/{shift_id}/handover/note", { params, body: { note } }))}
      said={t("shift.noted")}
      readAgain={[handover(record.shift_id).queryKey]}
    />
  );
}

interface NoteProps {
  readonly id: string;
  readonly unsent: NoteKey;
  /** what is saved */
  readonly before: string;
  /** whether the key of the note leads here */
  readonly hasKey: boolean;
  readonly run: (note: string) => Promise<unknown>;
  readonly said: string;
  readonly readAgain: readonly QueryKey[];
}

function Note({ id, unsent, before, hasKey, run, said, readAgain }: NoteProps): ReactNode {
  const t = desk.use();
  const [text, setText] = useUnsent(unsent, before);
  const field = useRef<HTMLTextAreaElement>(null);
  useCommand(deskCommands.handover_note, () => field.current?.focus(), hasKey);
  const save = useVerb({
    run,
    done: () => {
      forgetNote(unsent);
      say({ kind: "good", text: said });
    },
    readAgain,
  });
  const isReady = text.trim().length >= NOTE_MIN_CHARS && text.trim() !== before;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) save.act(text.trim());
      }}
    >
      <div>
        <label htmlFor={id}>
          {t("shift.note")} {hasKey && <KeyMark command={deskCommands.handover_note} />}
        </label>
        <textarea
          id={id}
          ref={field}
          className="in"
          rows={3}
          maxLength={NOTE_MAX_CHARS}
          value={text}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.form?.requestSubmit();
          }}
        />
      </div>
      <button type="submit" className="btn" disabled={!isReady || save.isRunning}>
        {t("shift.save_note")} <kbd aria-hidden="true">{keyText("$mod+Enter")}</kbd>
      </button>
    </form>
  );
}

function Officer({ officer, isMe }: { officer: OfficerHandover; isMe: boolean }): ReactNode {
  const t = desk.use();
  const { named, others } = actsOf(officer.acts);
  const acts = named.map(([act, count]) => `${t(`act.${act}`)} ${count}`);
  if (others > 0) acts.push(`${t("act.others")} ${others}`);
  return (
    <section aria-label={officer.officer_id}>
      <h3>
        <span className="mono">{officer.officer_id}</span> {isMe && `(${t("you")})`}
      </h3>
      <p className="sm mut">{acts.join(" · ") || t("act.none")}</p>
      {officer.note && !isMe && <p className="note acc">{officer.note}</p>}
      {officer.drafts.length > 0 && <p className="sm warn">{t.count("shift.drafts", officer.drafts.length)}</p>}
      {officer.items.length > 0 && (
        <div className="record-scroll" role="region" aria-label={t("shift.items_of", { officer: officer.officer_id })} tabIndex={0}>
          <table className="grid">
            <thead>
              <tr>
                <th scope="col">{t("col.kind")}</th>
                <th scope="col">{t("shift.number")}</th>
                <th scope="col" className="num">{t("col.sum")}</th>
                <th scope="col">{t("shift.became")}</th>
                <th scope="col">{t("shift.deadline")}</th>
              </tr>
            </thead>
            <tbody>
              {officer.items.map((one) => (
                <tr key={`${one.task_id} ${one.state}`}>
                  <td>{t(`kind.${one.kind}`)}</td>
                  <td>
                    {one.ack_no === null ? (
                      "–"
                    ) : (
                      <Link className="mono" to="/case/$ackNo" params={{ ackNo: one.ack_no }}>
                        {one.ack_no}
                      </Link>
                    )}
                  </td>
                  <td className="num">
                    <Rupees paise={one.in_play_paise} />
                  </td>
                  <td>
                    {t(`item.${one.state}`)} {one.to_officer !== null && <span className="mono">{one.to_officer}</span>}
                  </td>
                  <td>{one.deadline_at === null ? "–" : <Moment at={Date.parse(one.deadline_at)} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}
