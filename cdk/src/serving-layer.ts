import { Duration } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import type { BatchLayer } from './batch-layer.ts';
import { listObjects, objects } from './permissions.ts';
import { PipelineFunction, type PipelineProps } from './pipeline-function.ts';

interface ServingProps extends PipelineProps {
  readonly batch: BatchLayer;
}

/**
 * The merge of the two: a function that answers with merged rows and their receipt, behind an HTTP
 * API that asks for a signature of IAM.
 */
export class ServingLayer extends Construct {
  readonly query: PipelineFunction;
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, props: ServingProps) {
    super(scope, id);
    const { plan, settings, batch } = props;
    const bucketArn = batch.bucket?.bucketArn ?? null;
    // Every version of the pipeline: until a new one has caught up, the one before it answers.
    const publications = `publications/${plan.name}-`;
    this.query = new PipelineFunction(this, 'Query', {
      ...props,
      role: 'query',
      description: `Answers with the merged views of ${plan.name} and their receipts`,
      memorySizeMiB: 1024,
      // The API gives up after 30 s: an answer that comes later reaches nobody.
      timeout: Duration.seconds(29),
      calls: ['cassandra'],
      // To tell a database that was emptied from a new one. It reads what was published, and
      // whether anything was archived.
      statements:
        bucketArn === null
          ? []
          : [
              listObjects(bucketArn, `archive/${plan.name}-`),
              listObjects(bucketArn, publications),
              objects(['s3:GetObject'], bucketArn, publications),
            ],
      environment: { ARCHIVE_BUCKET: batch.archivePlace },
    });
    this.api = new HttpApi(this, 'Api', {
      apiName: `bifold-${plan.name}`,
      defaultAuthorizer: settings.openApi ? new HttpNoneAuthorizer() : new HttpIamAuthorizer(),
    });
    this.api.addRoutes({
      path: '/views/{pipeline}',
      methods: [HttpMethod.GET, HttpMethod.POST],
      integration: new HttpLambdaIntegration('QueryIntegration', this.query.lambda),
    });
  }
}
