import { Button } from "../../../controls/Button";
import { saveFile } from "../../../files/saveFile";
import { useMessages } from "../../../i18n/language";
import { useBatchParts } from "../batchParts";
import { type ReceiptFormat, receiptFile } from "../receipt";

/** Downloads of the receipt, which lists every line that was sent. */
export function SaveButtons() {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();

  async function save(format: ReceiptFormat) {
    saveFile(receiptFile(await batches.receipts(), format), `receipt.${format}`);
  }

  return (
    <>
      <Button onClick={() => void save("csv")}>{bulk.saveCsv}</Button>
      <Button onClick={() => void save("ndjson")}>{bulk.saveNdjson}</Button>
    </>
  );
}
