import { Images, UsersRound } from "lucide-react";

import type { CaseSummary } from "../api.gen.ts";
import { CASE_STATES } from "./words.ts";
import "./cases.css";

/** Where a case stands, who holds or signed it, and what has happened since; `me` is the user who looks. */
export function CaseStanding({ of: found, me }: { of: CaseSummary; me: string }) {
  const { icon: Icon, word, meaning } = CASE_STATES[found.state];
  const who = found.held_by ?? found.signed_by;
  return (
    <div className="case-standing">
      <span className={`badge case-state ${found.state}`} title={meaning}>
        <Icon aria-hidden="true" className="small" />
        {word}
      </span>
      {who !== null && (
        <span className="case-who">
          {found.held_by === null ? "by " : ""}
          <bdi>{who === me ? "you" : who}</bdi>
        </span>
      )}
      {found.second_read && (
        <span className="badge second-read" title="the first reader and the model disagree: another person is to read it">
          <UsersRound aria-hidden="true" className="small" />
          Second read
        </span>
      )}
      {found.images_since_signature > 0 && (
        <span className="badge later-images" title="images came or were analysed after the signature">
          <Images aria-hidden="true" className="small" />
          {found.images_since_signature} new since signed
        </span>
      )}
    </div>
  );
}
