import { Check, Copy } from "lucide-react";
import { useId, useState } from "react";

interface Props {
  /** What it is, as in "Password". */
  name: string;
  secret: string;
}

/** A secret that is shown this once, with a button that copies it. It lives in the dialog alone and goes with it. */
export function Secret({ name, secret }: Props) {
  const id = useId();
  const [copied, setCopied] = useState<boolean | null>(null);
  return (
    <div className="secret">
      <p id={id} className="secret-name">
        {name}
      </p>
      <div className="secret-line">
        <code aria-labelledby={id}>{secret}</code>
        <button
          type="button"
          onClick={() => {
            navigator.clipboard.writeText(secret).then(
              () => {
                setCopied(true);
              },
              () => {
                setCopied(false);
              },
            );
          }}
        >
          {copied === true ? <Check aria-hidden="true" /> : <Copy aria-hidden="true" />} Copy
        </button>
      </div>
      <p role="status" className="quiet">
        {copied === null && "It is shown this once: pass it on before you close this."}
        {copied === true && "Copied. It is not shown again once this is closed."}
        {copied === false && "The browser lets nothing be copied here: select the text and copy it yourself."}
      </p>
    </div>
  );
}
