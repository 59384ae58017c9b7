import { Button } from "../../../controls/Button";
import { saveFile } from "../../../files/saveFile";
import { useMessages } from "../../../i18n/language";
import type { Batch } from "../batch";
import { useBatchParts } from "../batchParts";
import { type ReceiptFormat, receiptFile } from "../receipt";

/** Downloads of the receipt, which lists every line whose outcome is known. */
export function SaveButtons({ batch }: { batch: Batch }) {
  const { bulk } = useMessages();
  const { batches } = useBatchParts();

  async function save(format: ReceiptFormat) {
    const receipt = await batches.wholeReceipt(batch);
    if (!receipt) return;
    saveFile(receiptFile(receipt, format), `receipt.${format}`);
    // only now: a receipt that counts as saved is deleted without a question
    await batches.noteSaved(batch, receipt);
  }

  return (
    <>
      <Button look="primary" onClick={() => void save("csv")}>
        {bulk.saveCsv}
      </Button>
      <Button onClick={() => void save("ndjson")}>{bulk.saveNdjson}</Button>
    </>
  );
}
