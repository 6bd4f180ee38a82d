import { useMutation, useQuery } from "@tanstack/react-query";
import { useState } from "react";

import type { NewToken, TokenView, TokenWithSecret, UserView } from "../../api.gen.ts";
import { Dialog } from "../../design/Dialog.tsx";
import { Asked } from "../Asked.tsx";
import { Confirm } from "../Confirm.tsx";
import { Refusal } from "../DialogForm.tsx";
import { Field } from "../Field.tsx";
import { Secret } from "../Secret.tsx";
import { StateSign } from "../StateSign.tsx";
import { useNow } from "../useNow.ts";
import { When } from "../When.tsx";
import { addToken, revokeToken, tokensQuery } from "./api.ts";

/** A user's tokens, with the forms that make one and end one. */
export function Tokens({ user, onClose }: { user: UserView; onClose: () => void }) {
  const tokens = useQuery(tokensQuery(user.name));
  const [ending, setEnding] = useState<TokenView | null>(null);
  // The answer holds a secret: no cache keeps it longer than this window.
  const making = useMutation({ mutationFn: (token: NewToken) => addToken(user.name, token), gcTime: 0 });
  if (making.data !== undefined) {
    return <TokenMade made={making.data} onDone={making.reset} />;
  }
  if (ending !== null) {
    return (
      <Confirm
        title="Revoke the token?"
        action="Revoke"
        doing="Revoking…"
        isDestructive
        act={() => revokeToken(user.name, ending.id)}
        onClose={() => {
          setEnding(null);
        }}
      >
        <p>
          <strong>{ending.name}</strong> of {user.name} opens nothing any more, at once. This cannot be taken back; a new
          token can be made.
        </p>
      </Confirm>
    );
  }
  return (
    <Dialog open wide title={`Tokens of ${user.name}`} mustAnswer={making.isPending} onClose={onClose}>
      <p className="quiet">
        A program sends its token as <code>Authorization: Bearer smf_…</code> and may do what {user.name} may.
      </p>
      <Asked query={tokens} what="tokens">
        {(found) => <TokenTable tokens={found} onRevoke={setEnding} />}
      </Asked>
      <NewTokenForm isBusy={making.isPending} error={making.error} onMake={making.mutate} />
    </Dialog>
  );
}

function TokenTable({ tokens, onRevoke }: { tokens: readonly TokenView[]; onRevoke: (token: TokenView) => void }) {
  const now = useNow();
  if (tokens.length === 0) {
    return <p className="nothing-yet">No token yet.</p>;
  }
  return (
    <table className="plain stacking">
      <caption className="visually-hidden">Tokens</caption>
      <thead>
        <tr>
          <th scope="col">Token</th>
          <th scope="col">State</th>
          <th scope="col">Last used</th>
          <th scope="col">
            <span className="visually-hidden">Action</span>
          </th>
        </tr>
      </thead>
      <tbody>
        {tokens.map((token) => (
          <tr key={token.id}>
            <th scope="row">{token.name}</th>
            <td>
              <TokenState token={token} now={now} />
            </td>
            <td data-name="Last used">
              <When moment={token.last_used_at} now={now} />
            </td>
            <td className="row-actions">
              {token.revoked_at === null && (
                <button
                  type="button"
                  aria-label={`Revoke ${token.name}`}
                  onClick={() => {
                    onRevoke(token);
                  }}
                >
                  Revoke…
                </button>
              )}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function TokenState({ token, now }: { token: TokenView; now: Date }) {
  if (token.revoked_at !== null) {
    return <StateSign kind="off" words="Revoked" />;
  }
  if (token.expires_at === null) {
    return <StateSign kind="good" words="Valid, without end" />;
  }
  if (Date.parse(token.expires_at) <= now.getTime()) {
    return <StateSign kind="off" words="Expired" />;
  }
  return (
    <StateSign kind="good" words="Valid, expires">
      {" "}
      <When moment={token.expires_at} now={now} />
    </StateSign>
  );
}

/** Shows a token's secret; only its own button closes it, since it is shown this once. */
function TokenMade({ made, onDone }: { made: TokenWithSecret; onDone: () => void }) {
  return (
    <Dialog open wide title={`Token ${made.token.name}`} mustAnswer>
      <div className="dialog-form">
        <Secret name="Token" secret={made.secret} />
        <div className="buttons">
          <button type="button" className="primary" onClick={onDone}>
            Done
          </button>
        </div>
      </div>
    </Dialog>
  );
}

interface NewTokenProps {
  isBusy: boolean;
  error: unknown;
  onMake: (token: NewToken) => void;
}

function NewTokenForm({ isBusy, error, onMake }: NewTokenProps) {
  const [program, setProgram] = useState("");
  const [days, setDays] = useState("365");
  return (
    <form
      className="token-form"
      aria-label="New token"
      onSubmit={(event) => {
        event.preventDefault();
        onMake({ name: program.trim(), days: days === "" ? null : Number(days) });
      }}
    >
      <Field label="Name of the program">
        {(wiring) => (
          <input
            {...wiring}
            type="text"
            required
            maxLength={64}
            autoComplete="off"
            value={program}
            onChange={({ target }) => {
              setProgram(target.value);
            }}
          />
        )}
      </Field>
      <Field label="Days until it expires" help="Leave empty for a token without end.">
        {(wiring) => (
          <input
            {...wiring}
            type="number"
            min="1"
            max="3650"
            value={days}
            onChange={({ target }) => {
              setDays(target.value);
            }}
          />
        )}
      </Field>
      <Refusal error={error} />
      <button type="submit" className="primary" disabled={isBusy}>
        {isBusy ? "Making…" : "Make a token"}
      </button>
    </form>
  );
}
