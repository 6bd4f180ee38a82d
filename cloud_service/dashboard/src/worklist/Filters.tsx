import { useQuery } from "@tanstack/react-query";
import { Search, SlidersHorizontal, X } from "lucide-react";
import { useEffect, useId, useRef, useState } from "react";

import { answer, api } from "../api/client.ts";
import { keys } from "../api/queries.ts";
import type { CaseState, Holder, Sort } from "../api.gen.ts";
import { CASE_STATES } from "../cases/words.ts";
import { useShortcut } from "../shortcuts/useShortcut.ts";
import { tidy, USUAL, type WorklistSearch } from "./search.ts";
import { HOLDER_WORDS, SORT_WORDS } from "./words.ts";

const TYPED_AFTER_MS = 250;

type Change = (changes: { [Name in keyof WorklistSearch]: WorklistSearch[Name] | undefined }) => void;

interface Props {
  search: WorklistSearch;
  /** Asks for another list; must be stable. */
  onChange: Change;
}

/** What the list is narrowed to; it all stands in the address. */
export function Filters({ search, onChange }: Props) {
  const { data: devices = [] } = useQuery({ queryKey: keys.devices, queryFn: () => answer(api.GET("/api/v1/devices")) });
  const sites = [...new Set(devices.map((device) => device.site_id))].sort();
  const here = devices.filter((device) => search.site === undefined || device.site_id === search.site);
  const { queue, ...narrowed } = search;
  const { state, from, to } = search;
  const [open, setOpen] = useState(state !== undefined || from !== undefined || to !== undefined);
  return (
    <search className={open ? "filters open" : "filters"}>
      <SearchField typed={search.search ?? ""} onChange={onChange} />
      <Choice
        label="Held by"
        value={search.holder ?? USUAL.holder}
        options={HOLDER_WORDS}
        onChoose={(holder: Holder) => {
          onChange({ holder });
        }}
      />
      <Choice
        label="Site"
        value={search.site ?? ""}
        options={named("All sites", sites, search.site)}
        onChoose={(site) => {
          onChange({ site, device: undefined });
        }}
      />
      <Choice
        label="Device"
        value={search.device ?? ""}
        options={named("All devices", here.map((device) => device.id).sort(), search.device)}
        onChoose={(device) => {
          onChange({ device });
        }}
      />
      <Choice
        label="Order"
        value={search.sort ?? USUAL.sort}
        options={SORT_WORDS}
        onChoose={(sort: Sort) => {
          onChange({ sort });
        }}
      />
      <button
        type="button"
        aria-expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
      >
        <SlidersHorizontal aria-hidden="true" className="small" />
        {open ? "Fewer filters" : "More filters"}
      </button>
      <Choice<string>
        more
        label="State"
        value={search.state ?? ""}
        options={{ "": "Every state", ...STATE_NAMES }}
        onChoose={(state) => {
          onChange({ state: state === "" ? undefined : (state as CaseState) });
        }}
      />
      <Days search={search} onChange={onChange} />
      {Object.keys(tidy(narrowed)).length > 0 && (
        <button
          type="button"
          className="link clear"
          onClick={() => {
            const nothing = Object.fromEntries(Object.keys(narrowed).map((name) => [name, undefined]));
            onChange({ ...nothing, queue });
          }}
        >
          <X aria-hidden="true" className="small" /> Clear filters
        </button>
      )}
    </search>
  );
}

const STATE_NAMES: Record<string, string> = Object.fromEntries(
  Object.entries(CASE_STATES).map(([state, { word }]) => [state, word]),
);

/** Options by their names, with the chosen one among them even where it is not known. */
function named(all: string, names: readonly string[], chosen: string | undefined): Record<string, string> {
  const every = chosen === undefined || names.includes(chosen) ? names : [...names, chosen];
  return { "": all, ...Object.fromEntries(every.map((name) => [name, name])) };
}

interface ChoiceProps<Word extends string> {
  label: string;
  /** Is among those that are shown when asked for. */
  more?: boolean;
  value: Word;
  options: Record<Word, string>;
  onChoose: (value: Word) => void;
}

function Choice<Word extends string>({ label, more = false, value, options, onChoose }: ChoiceProps<Word>) {
  return (
    <label className={more ? "filter more-filter" : "filter"}>
      <span>{label}</span>
      <select
        value={value}
        onChange={(event) => {
          onChoose(event.target.value as Word);
        }}
      >
        {Object.entries<string>(options).map(([word, words]) => (
          <option key={word} value={word}>
            {words}
          </option>
        ))}
      </select>
    </label>
  );
}

function Days({ search, onChange }: Props) {
  return (
    <>
      {(["from", "to"] as const).map((end) => (
        <label key={end} className="filter more-filter">
          <span>{end === "from" ? "Newest image from" : "to"}</span>
          <input
            type="date"
            value={search[end] ?? ""}
            onChange={(event) => {
              onChange({ [end]: event.target.value });
            }}
          />
        </label>
      ))}
    </>
  );
}

/** Asks once a person pauses; what stands in the address wins when it changes by other ways. */
export function SearchField({ typed, onChange }: { typed: string; onChange: Change }) {
  const [text, setText] = useState(typed);
  const [known, setKnown] = useState(typed);
  const [asked, setAsked] = useState<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const help = useId();
  if (typed !== known) {
    setKnown(typed);
    setAsked(null);
    // The address says what this field asked for: more may have been typed since, if only a space.
    if (typed !== asked) {
      setText(typed);
    }
  }
  useEffect(() => {
    if (text.trim() === typed) {
      return undefined;
    }
    const asking = setTimeout(() => {
      setAsked(text.trim());
      onChange({ search: text.trim() });
    }, TYPED_AFTER_MS);
    return () => {
      clearTimeout(asking);
    };
  }, [text, typed, onChange]);
  useShortcut({ id: "worklist.search", words: "Search", group: "Worklist", key: "/" }, () => {
    field.current?.focus();
  });
  return (
    <label className="filter search-field">
      <span>Search</span>
      <span className="search-box">
        <Search aria-hidden="true" />
        <input
          ref={field}
          type="search"
          placeholder="Accession or smear"
          aria-describedby={help}
          autoComplete="off"
          spellCheck={false}
          value={text}
          onChange={(event) => {
            setText(event.target.value);
          }}
        />
      </span>
      <span id={help} className="visually-hidden">
        the beginning of the accession’s pseudonym, or of the smear’s name
      </span>
    </label>
  );
}
