import { useEffect, useRef, useState } from "preact/hooks";
import { call, Refusal, useAnswer } from "../api";
import { POLICY_VERSIONS } from "../cockpit/tables";
import { quantity, timeOf } from "../format";
import { type Live, useDocument } from "../live";
import type { Policy, PolicyVersion, StoredPolicy } from "../model";
import * as paths from "../paths";
import { GROUPS } from "../policy-fields";
import { inputOf, type Schema, textOf, valueFrom } from "../policy-values";
import type { Preview } from "../preview";
import { useSession } from "../session";
import { Act } from "../ui/act";
import { Csv } from "../ui/csv";
import { Heading, Section, Table } from "../ui/parts";
import { WhatWouldHaveChanged } from "../ui/preview";
import { Empty, Loaded } from "../ui/states";
import { Time } from "../ui/time";
import { Who } from "../ui/who";

interface OpenApi {
  components: { schemas: { PolicyChange: { properties: Record<string, Schema> } } };
}

export function Settings() {
  const { db, tenant, user, role } = useSession();
  const stored = useDocument<StoredPolicy>(paths.policy(db, tenant));
  const version = stored.state === "ready" ? (stored.value?.version ?? 0) : undefined;
  const policy = useAnswer<Policy>(user, "/v1/policy", version);
  const contract = useAnswer<OpenApi>(user, "/v1/openapi.json", 0);
  return (
    <>
      <Heading title="Settings">Settings</Heading>
      <p>
        What is left empty takes its default. Changes apply from the next cycle on, and stop entries from the next
        redemption on, without a redeploy
        {role === "admin" ? "." : "; an admin can make them."}
      </p>
      <Loaded of={contract} what="the settings">
        {({ components }) => (
          <Loaded of={policy} what="the policy">
            {(found) => <PolicyForm latest={found} schemas={components.schemas.PolicyChange.properties} />}
          </Loaded>
        )}
      </Loaded>
      {role === "admin" && <History version={version} />}
    </>
  );
}

function PolicyForm({ latest, schemas }: { latest: Policy; schemas: Record<string, Schema> }) {
  const { user, role } = useSession();
  const [base, setBase] = useState(latest);
  const [texts, setTexts] = useState(textsOf(latest));
  const [errors, setErrors] = useState<Record<string, string>>(problemsOf(latest));
  const [said, setSaid] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [tried, setTried] = useState<{ texts: Record<string, string>; live: Live<Preview> }>();
  const form = useRef<HTMLFormElement>(null);
  const known = textsOf(base);
  const names = Object.keys({ ...known, ...texts });
  const isDirty = names.some((name) => (texts[name] ?? "") !== (known[name] ?? ""));
  const load = (policy: Policy) => {
    setBase(policy);
    setTexts(textsOf(policy));
    setErrors(problemsOf(policy));
    setTried(undefined);
  };
  const isOutdated = latest.version > base.version;
  useEffect(() => {
    if (isOutdated && !isDirty) {
      load(latest);
    }
  }, [isOutdated, isDirty, latest]);
  useEffect(() => {
    if (Object.keys(errors).length > 0) {
      form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
    }
  }, [errors]);

  const begin = () => {
    setIsBusy(true);
    setErrors({});
    setSaid("");
    const entries = Object.entries(schemas).map(([name, schema]) => [name, valueFrom(texts[name] ?? "", schema)]);
    return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
  };
  const refused = (error: unknown) => {
    const refusal = error as Refusal;
    setSaid(refusal.message);
    setErrors(Object.fromEntries(refusal.errors.map(({ field, detail }) => [field.split(".")[0], detail])));
  };
  const tryIt = async () => {
    if (!form.current?.reportValidity()) {
      return;
    }
    const body = begin();
    const show = (live: Live<Preview>) => setTried({ texts, live });
    show({ state: "loading" });
    try {
      const value = await call<Preview>(user, "POST", "/v1/policy/preview", { body });
      show({ state: "ready", value, isFromCache: false });
    } catch (error) {
      if (error instanceof Refusal && error.errors.length > 0) {
        setTried(undefined); // the fields say what is wrong
        refused(error);
      } else {
        const isForbidden = error instanceof Refusal && error.status === 403;
        show({ state: "error", error: { message: String((error as Error).message), isForbidden }, retry: tryIt });
      }
    } finally {
      setIsBusy(false);
    }
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    const body = begin();
    try {
      const changed = await call<Policy>(user, "PUT", "/v1/policy", {
        body,
        headers: { "If-Match": `"${base.version}"`, "Idempotency-Key": crypto.randomUUID() },
      });
      load(changed);
      setSaid(
        `Saved as version ${changed.version}. It applies from the next cycle on; what stops entries, from the next redemption on.`,
      );
    } catch (error) {
      refused(error);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <form ref={form} onSubmit={save} class="policy">
      <p class="muted">
        {base.version > 0
          ? `Version ${base.version}`
          : Object.keys(base.overrides).length === 0
            ? "Nothing is set: every default applies."
            : "No version yet: nothing was saved through the API or here."}
        {base.updated_at && (
          <>
            {" of "}
            <Time at={timeOf(base.updated_at)} />, by <Who uid={base.updated_by} />
          </>
        )}
      </p>
      <fieldset class="bare" disabled={role !== "admin" || isBusy}>
        {groupsOf(schemas).map(({ title, fields }) => (
          <fieldset key={title}>
            <legend>{title}</legend>
            {Object.entries(fields).map(([name, label]) => (
              <Field
                key={name}
                name={name}
                label={label}
                schema={schemas[name] ?? {}}
                text={texts[name] ?? ""}
                effective={name in base.overrides ? "default" : textOf(base.effective[name]) || "off"}
                error={errors[name]}
                change={(text) => setTexts({ ...texts, [name]: text })}
              />
            ))}
          </fieldset>
        ))}
      </fieldset>
      {tried && <WhatWouldHaveChanged of={tried.live} isOutdated={tried.texts !== texts} />}
      {role === "admin" && (
        <div class={isDirty ? "save changed" : "save"}>
          {isOutdated && isDirty && (
            <p class="warning">
              Version {latest.version} was saved meanwhile, by <Who uid={latest.updated_by} />.{" "}
              <button type="button" onClick={() => load(latest)}>
                Load it, and lose what you changed here
              </button>
            </p>
          )}
          <p role="status">{said}</p>
          <div class="buttons">
            <Act type="submit" class="primary" disabled={!isDirty || isBusy}>
              {isBusy ? "Saving …" : "Save"}
            </Act>
            <Act disabled={!isDirty || isBusy} onClick={tryIt}>
              What would have changed
            </Act>
            <button type="button" disabled={!isDirty || isBusy} onClick={() => load(base)}>
              Undo changes
            </button>
          </div>
        </div>
      )}
    </form>
  );
}

interface FieldProps {
  name: string;
  label: string;
  schema: Schema;
  text: string;
  effective: string;
  error: string | undefined;
  change: (text: string) => void;
}

function Field({ name, label, schema, text, effective, error, change }: FieldProps) {
  const input = inputOf(schema);
  const shared = {
    id: name,
    name,
    "aria-invalid": error !== undefined,
    "aria-describedby": `${name}-help`,
    onInput: (event: Event) => change((event.currentTarget as HTMLInputElement).value),
  };
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <div>
        {input.kind === "choice" && (
          <select {...shared} value={text}>
            <option value="">{effective}</option>
            {input.choices.map((choice) => (
              <option key={choice} value={choice}>
                {choice}
              </option>
            ))}
          </select>
        )}
        {input.kind === "lines" && <textarea {...shared} rows={rowsOf(text)} value={text} placeholder={effective} />}
        {input.kind === "text" && (
          <input {...shared} value={text} maxLength={input.maxLength} placeholder={effective} />
        )}
        {input.kind === "number" && (
          <input
            {...shared}
            type="number"
            value={text}
            min={input.min}
            max={input.max}
            step={input.isWhole ? 1 : "any"}
            placeholder={effective}
          />
        )}
        <p id={`${name}-help`} class={error ? "problem" : "muted"}>
          {error ?? `${name}${limitsOf(input.min, input.max)}`}
        </p>
      </div>
    </div>
  );
}

/** A line each, within reason. */
const rowsOf = (text: string): number => Math.min(8, Math.max(3, text.split("\n").length));

const limitsOf = (min?: number, max?: number): string =>
  min === undefined || max === undefined ? "" : `, ${quantity(min)} to ${quantity(max)}`;

/** Return the groups, with whatever the server has and this page has no words for. */
function groupsOf(schemas: Record<string, Schema>) {
  const named = new Set(GROUPS.flatMap((group) => Object.keys(group.fields)));
  const others = Object.keys(schemas).filter((name) => !named.has(name));
  const rest = { title: "Others", fields: Object.fromEntries(others.map((name) => [name, name])) };
  return others.length > 0 ? [...GROUPS, rest] : GROUPS;
}

const textsOf = (policy: Policy): Record<string, string> =>
  Object.fromEntries(Object.entries(policy.overrides).map(([name, value]) => [name, textOf(value)]));

const problemsOf = (policy: Policy): Record<string, string> =>
  Object.fromEntries(policy.problems.map(({ field, detail }) => [field, detail]));

function History({ version }: { version: number | undefined }) {
  const { user } = useSession();
  const history = useAnswer<{ items: PolicyVersion[] }>(user, "/v1/policy/history?limit=20", version);
  const columns = [{ name: "Version" }, { name: "When" }, { name: "Who" }, { name: "What changed" }];
  return (
    <Section
      title="History"
      aside={
        history.state === "ready" && <Csv table="Policy history" rows={history.value.items} fields={POLICY_VERSIONS} />
      }
    >
      <Loaded of={history} what="the history">
        {({ items }) =>
          items.length === 0 ? (
            <Empty>Nothing was changed yet.</Empty>
          ) : (
            <Table caption="History" columns={columns}>
              {items.map((one) => (
                <tr key={one.version}>
                  <th scope="row">{one.version}</th>
                  <td>
                    <Time at={timeOf(one.updated_at)} />
                  </td>
                  <td>
                    <Who uid={one.updated_by} />
                  </td>
                  <td>{one.changed.map((name) => `${name}: ${textOf(one.policy[name]) || "default"}`).join(", ")}</td>
                </tr>
              ))}
            </Table>
          )
        }
      </Loaded>
    </Section>
  );
}
