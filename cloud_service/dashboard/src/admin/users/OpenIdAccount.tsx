import { useMutation } from "@tanstack/react-query";
import { useState } from "react";

import type { LogInProvider, UserView } from "../../api.gen.ts";
import { Confirm } from "../Confirm.tsx";
import { DialogForm } from "../DialogForm.tsx";
import { Field } from "../Field.tsx";
import { bindUser, unbindUser } from "./api.ts";
import { bindingOf } from "./openIdWords.ts";

interface Props {
  user: UserView;
  /** The one that the settings name; null: they name none, and a binding can only be taken away. */
  provider: LogInProvider | null;
  onClose: () => void;
}

/** Who a user is at the provider: shown, changed and taken away. */
export function OpenIdAccount({ user, provider, onClose }: Props) {
  const [isUnbinding, setUnbinding] = useState(provider === null);
  if (isUnbinding || provider === null) {
    return <Unbind user={user} onClose={onClose} />;
  }
  return (
    <Bind
      user={user}
      provider={provider}
      onUnbind={() => {
        setUnbinding(true);
      }}
      onClose={onClose}
    />
  );
}

interface BindProps extends Props {
  provider: LogInProvider;
  onUnbind: () => void;
}

function Bind({ user, provider, onUnbind, onClose }: BindProps) {
  // What a former provider calls somebody says nothing here.
  const [subject, setSubject] = useState(bindingOf(user, provider) === "bound" ? (user.openid_subject ?? "") : "");
  const binding = useMutation({ mutationFn: () => bindUser(user.name, subject.trim()), onSuccess: onClose });
  return (
    <DialogForm title={`${user.name} at ${provider.name}`} action="Bind" doing="Binding…" deed={binding} onClose={onClose}>
      <Standing user={user} provider={provider} />
      <Field label="Issuer" help="The provider, as the settings name it: no other one's word is believed.">
        {(wiring) => <input {...wiring} type="text" readOnly value={provider.issuer} />}
      </Field>
      <Field label="Subject" help="What the provider calls the account: the claim “sub”. It is no name, and never changes.">
        {(wiring) => (
          <input
            {...wiring}
            type="text"
            required
            maxLength={255}
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            value={subject}
            onChange={({ target }) => {
              setSubject(target.value);
            }}
          />
        )}
      </Field>
      {user.openid_subject !== null && (
        <p className="quiet">
          Another account takes the place of the present one, and the user&apos;s sessions end at once.{" "}
          <button type="button" className="link" onClick={onUnbind}>
            Unbind it instead…
          </button>
        </p>
      )}
    </DialogForm>
  );
}

function Standing({ user, provider }: { user: UserView; provider: LogInProvider }) {
  switch (bindingOf(user, provider)) {
    case "bound":
      return <p>Whoever logs in there with this account is {user.name} here, under whatever name.</p>;
    case "open":
      return (
        <p>
          Not bound yet: the first who logs in there under the name <strong>{user.name}</strong> is bound. An account
          named here gets in instead, and nobody else.
        </p>
      );
    case "elsewhere":
      return (
        <p>
          Bound to an account at <strong>{user.openid_issuer}</strong>, which the settings name no more: {user.name} does
          not get in through {provider.name} until an account there is named, or the binding is taken away.
        </p>
      );
  }
}

function Unbind({ user, onClose }: { user: UserView; onClose: () => void }) {
  return (
    <Confirm
      title={`Unbind ${user.name}?`}
      action="Unbind"
      doing="Unbinding…"
      isDestructive
      act={() => unbindUser(user.name)}
      onClose={onClose}
    >
      <p>
        The account <strong>{user.openid_subject}</strong> at {user.openid_issuer} is {user.name} no more. The next who logs
        in through the provider under the name {user.name} is bound instead. Sessions that run go on.
      </p>
    </Confirm>
  );
}
