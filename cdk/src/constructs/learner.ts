import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelDefinition } from '@bifold/models';
import { Duration, Size, Stack } from 'aws-cdk-lib';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Code, type FunctionProps, Handler, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Asset } from 'aws-cdk-lib/aws-s3-assets';
import { Construct } from 'constructs';
import { DeploymentError } from '../errors.ts';
import { functionName } from '../names.ts';
import { allow, objects } from '../permissions/statements.ts';
import { logsAndRights } from './pipeline-function.ts';
import type { PipelineProps } from './pipeline-props.ts';

/**
 * The Python version for which functions/src/train/packaging/libraries.py installs the libraries.
 */
const PYTHON = Runtime.PYTHON_3_13;
const SOURCES = ['functions', 'src', 'train'] as const;

/**
 * The source of the Python libraries for training, which exceed the size limit of a function: a zip
 * in the assets bucket, fetched at start; a container image in ECR; or a local folder, if functions
 * run as processes.
 */
export type TrainingPackage =
  | { readonly kind: 'zip' }
  | {
      readonly kind: 'image';
      readonly account: string;
      readonly region: string;
      readonly repository: string;
      readonly tagOrDigest: string;
    }
  | { readonly kind: 'folder'; readonly path: string };

interface LearnerProps extends PipelineProps {
  readonly training: TrainingPackage;
  readonly models: readonly ModelDefinition[];
  readonly modelsBucketArn: string;
}

/**
 * scikit-learn as a function. It reads a training table in the models bucket, and writes the
 * trained model beside it. It has no access to archive, registry or database. Only the `train`
 * function invokes it.
 */
export class Learner extends Construct {
  readonly lambda: LambdaFunction;

  constructor(scope: Construct, id: string, props: LearnerProps) {
    super(scope, id);
    const { pipeline, models, modelsBucketArn } = props;
    const name = functionName(pipeline.plan.name, 'learn');
    const packaged = packagedAs(this, props);
    this.lambda = new LambdaFunction(this, 'Function', {
      ...packaged.code,
      functionName: name,
      description: `Learns models for ${pipeline.plan.name}`,
      architecture: props.code.architecture,
      memorySize: 3008,
      // Shorter than the timeout of the function that waits for it.
      timeout: Duration.minutes(12),
      ephemeralStorageSize: Size.mebibytes(4096),
      ...logsAndRights(this, name, props, [
        ...models.map((model) => objects(['s3:GetObject', 's3:PutObject'], modelsBucketArn, `drafts/${model.name}/`)),
        ...packaged.statements,
      ]),
      environment: packaged.environment,
      ...props.network,
    });
  }
}

interface Packaged {
  readonly code: Pick<FunctionProps, 'code' | 'handler' | 'runtime'>;
  readonly environment: Record<string, string>;
  readonly statements: readonly PolicyStatement[];
}

function packagedAs(scope: Construct, { training, code: { root, architecture } }: LearnerProps): Packaged {
  if (training.kind === 'image') {
    const { partition } = Stack.of(scope);
    const { account, region, repository, tagOrDigest } = training;
    const arn = `arn:${partition}:ecr:${region}:${account}:repository/${repository}`;
    const images = Repository.fromRepositoryAttributes(scope, 'Images', {
      repositoryArn: arn,
      repositoryName: repository,
    });
    return {
      code: {
        code: Code.fromEcrImage(images, { tagOrDigest }),
        handler: Handler.FROM_IMAGE,
        runtime: Runtime.FROM_IMAGE,
      },
      environment: {},
      statements: [],
    };
  }
  const code = Code.fromAsset(join(root, ...SOURCES, 'learner'), { exclude: ['*', '!*.py'] });
  const sources = { code, handler: 'handler.handler', runtime: PYTHON };
  if (training.kind === 'folder')
    return { code: sources, environment: { LIBRARIES_FOLDER: training.path }, statements: [] };
  const libraries = new Asset(scope, 'Libraries', { path: librariesFile(root, architecture.name) });
  const bucketArn = `arn:${Stack.of(scope).partition}:s3:::${libraries.s3BucketName}`;
  return {
    code: sources,
    environment: { LIBRARIES_BUCKET: libraries.s3BucketName, LIBRARIES_KEY: libraries.s3ObjectKey },
    statements: [allow(['s3:GetObject'], [`${bucketArn}/${libraries.s3ObjectKey}`])],
  };
}

/**
 * The zip of libraries that functions/src/train/packaging/libraries.py makes from the lock file.
 *
 * @throws {DeploymentError} if the zip is missing, with the command that makes it
 */
function librariesFile(root: string, architecture: string): string {
  const lock = readFileSync(join(root, ...SOURCES, 'packaging', 'requirements.txt'));
  const hash = createHash('sha256').update(lock).digest('hex').slice(0, 12);
  const file = join(root, 'cdk.out', 'training', `libraries-${architecture}-${hash}.zip`);
  if (existsSync(file)) return file;
  throw new DeploymentError('BIFOLD_TRAINING_LIBRARIES_MISSING', {
    failed: 'the function that learns needs libraries that are not packed',
    received: `no file ${file}`,
    allowed: 'the libraries of functions/src/train/packaging/requirements.txt, as a zip',
    remedy: `python3 functions/src/train/packaging/libraries.py ${architecture} cdk.out/training, or give an image: -c training=<its URI in ECR>`,
  });
}
