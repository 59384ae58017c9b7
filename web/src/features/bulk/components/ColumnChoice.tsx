import { type ChangeEvent, useId } from "react";
import fields from "../../../controls/Field.module.css";
import { useMessages } from "../../../i18n/language";
import { beginningOf } from "../../strings/beginning";
import type { Column, Table } from "../table";
import styles from "./Bulk.module.css";

type Props = {
  table: Table;
  column: Column | null;
  disabled: boolean;
  onColumn: (column: Column | null) => void;
};

const WHOLE = "";
const NAME_LENGTH = 40;

/** Chooses what is sent of a table: whole lines, or the cells of a column. */
export function ColumnChoice({ table, column, disabled, onColumn }: Props) {
  const { bulk } = useMessages();
  const id = useId();

  function choose({ target }: ChangeEvent<HTMLSelectElement>) {
    const index = Number(target.value);
    onColumn(target.value === WHOLE ? null : { index, named: column?.named ?? true });
  }

  return (
    <div className={styles.columnChoice}>
      <label className={fields.label} htmlFor={`${id}column`}>
        {bulk.column.label}
      </label>
      <select
        id={`${id}column`}
        className={styles.column}
        value={column?.index ?? WHOLE}
        disabled={disabled}
        onChange={choose}
      >
        <option value={WHOLE}>{bulk.column.none}</option>
        {table.first.map((name, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: names may repeat and never move
          <option key={index} value={index}>
            {bulk.column.name(index + 1, beginningOf(name, NAME_LENGTH, 1))}
          </option>
        ))}
      </select>
      {column && (
        <label>
          <input
            type="checkbox"
            checked={column.named}
            disabled={disabled}
            onChange={({ target }) => onColumn({ ...column, named: target.checked })}
          />
          {bulk.column.named}
        </label>
      )}
    </div>
  );
}
