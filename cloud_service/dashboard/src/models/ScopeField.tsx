import { SiteChoice } from "../admin/devices/SiteChoice.tsx";
import { EVERYWHERE } from "./words.ts";

interface Props {
  help: string;
  scope: string;
  onChange: (scope: string) => void;
}

/** Where a model answers: at all sites, or at one of them. */
export function ScopeField({ help, scope, onChange }: Props) {
  const all = [EVERYWHERE, "All sites without a model of their own"] as const;
  return <SiteChoice label="Where" help={help} all={all} value={scope} onChange={onChange} />;
}
