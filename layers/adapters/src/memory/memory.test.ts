import { randomUUID } from 'node:crypto';
import { aliasStoreContract, planStoreContract } from '../../../../test/contract/alias-store.ts';
import { archiveContract } from '../../../../test/contract/archive-store.ts';
import { batchStoreContract } from '../../../../test/contract/batch-store.ts';
import {
  bindingStoreContract,
  lookupStoreContract,
  sweepLedgerContract,
} from '../../../../test/contract/binding-store.ts';
import { cursorKeysContract } from '../../../../test/contract/cursor-keys.ts';
import { logContract } from '../../../../test/contract/log.ts';
import { modelRegistryContract } from '../../../../test/contract/model-registry.ts';
import { operatorStateStoreContract } from '../../../../test/contract/operator-state-store.ts';
import { publicationStoreContract } from '../../../../test/contract/publication-store.ts';
import { speedStoreContract } from '../../../../test/contract/speed-store.ts';
import { modelRegistry } from '../model/index.ts';
import {
  memoryArchive,
  memoryBucket,
  memoryCursorKeys,
  memoryDatabase,
  memoryLog,
  memoryModelPointers,
  memoryPublications,
  memoryViews,
} from './index.ts';

const database = memoryDatabase();
const bucket = memoryBucket();
const pointers = memoryModelPointers();

speedStoreContract('memory', async (scope, options) => database.speedStore(scope, options));
operatorStateStoreContract('memory', async (scope) => database.operatorStateStore(scope));
batchStoreContract('memory', async (scope, options) => database.batchStore(scope, options));
bindingStoreContract('memory', async (scope) => database.bindingStore(scope));
sweepLedgerContract('memory', async (scope) => database.sweepLedger(scope));
lookupStoreContract('memory', async () => database.lookupStore());
cursorKeysContract('memory', async () => memoryCursorKeys());
aliasStoreContract('memory', async (view) => database.aliasStore(view));
planStoreContract('memory', async () => database.planStore());
archiveContract('memory', async (scope) => ({
  archive: memoryArchive(bucket, scope),
  views: memoryViews(bucket, scope),
  remove: (key) => bucket.deleteAll(key),
  exists: async (key) => (await bucket.head(key)) !== null,
}));
publicationStoreContract('memory', async (scope) => memoryPublications(bucket, scope));
modelRegistryContract('memory', async () => ({
  registry: modelRegistry(bucket, pointers),
  put: (key, localPath) => bucket.put(key, localPath, {}),
}));
logContract('memory', async () => {
  const topicId = randomUUID();
  const log = memoryLog(topicId, 2);
  const append = (partition: number, values: readonly string[]) => {
    for (const value of values) log.append(partition, { value: Buffer.from(value) });
  };
  return {
    log,
    topicId,
    produce: async (partition, values) => append(partition, values),
    compressed: async (partition, values) => append(partition, values),
    async transact(partition, values, end) {
      if (end === 'commit') append(partition, values);
      else for (const _ of values) log.append(partition, 'hole');
      log.append(partition, 'hole');
    },
    async begin(partition, values) {
      for (const _ of values) log.append(partition, 'open');
      return async () => log.abort(partition);
    },
    deleteBefore: async (partition, offset) => log.deleteBefore(partition, offset),
    close: () => log.close(),
  };
});
