// SPDX-License-Identifier: BSL-1.0
// Reads objects as YAML from standard input and checks each against the model of its kind. Prints them as one list in
// JSON; with --types, as TypeScript whose compilation finds the fields that a model does not have.
// usage: node kubernetes_objects.mjs FOLDER_OF_PACKAGES [--types] <OBJECTS.yaml
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(process.argv[2] + '/');
const { parseAllDocuments } = require('yaml');

const documents = parseAllDocuments(readFileSync(0, 'utf8'));
for (const { errors } of documents) if (errors.length) throw errors[0];
const objects = documents.map((document) => document.toJS());

let wrong = 0;
function complain(message) {
  console.error(message);
  wrong++;
}

const modelsOf = (apiVersion) =>
  (apiVersion.startsWith('monitoring.coreos.com/') ? '@kubernetes-models/prometheus-operator/' : 'kubernetes-models/') + apiVersion;

for (const object of objects) {
  try {
    const Model = require(modelsOf(object.apiVersion))[object.kind];
    if (!Model) throw new Error(`there is no ${object.kind} in ${object.apiVersion}`);
    new Model(object).validate();
  } catch (error) {
    complain(`${object.kind} ${object.metadata?.name}: ${error.message}`);
  }
}
if (!objects.length) complain('there are no objects');

if (process.argv[3] === '--types') {
  objects.forEach(({ apiVersion, kind }, i) => {
    console.log(`import type { I${kind} as T${i} } from '${modelsOf(apiVersion)}';`);
    console.log(`export const o${i}: T${i} = ${JSON.stringify(objects[i], null, 1)};`);
  });
} else {
  console.log(JSON.stringify(objects));
}
process.exitCode = wrong ? 1 : 0;
