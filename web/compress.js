// Compresses each file that is served with brotli and gzip at the highest level; nginx serves the results as they are.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

for (const folder of ["dist/", "dist/assets/"].map((path) => new URL(path, import.meta.url))) {
  for (const name of readdirSync(folder).filter((name) => /\.(html|js|css|svg)$/.test(name))) {
    const content = readFileSync(new URL(name, folder));
    const brotli = { params: { [constants.BROTLI_PARAM_SIZE_HINT]: content.length } };
    writeFileSync(new URL(`${name}.br`, folder), brotliCompressSync(content, brotli));
    writeFileSync(new URL(`${name}.gz`, folder), gzipSync(content, { level: 9 }));
  }
}
