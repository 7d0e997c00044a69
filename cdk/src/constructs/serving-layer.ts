import { Duration } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, type IHttpRouteAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { listObjects, objects } from '../permissions/statements.ts';
import type { BatchLayer } from './batch-layer.ts';
import { PipelineFunction } from './pipeline-function.ts';
import type { PipelineProps } from './pipeline-props.ts';

/** The options of a serving layer, besides its pipeline. */
export interface ServingLayerOptions {
  /**
   * Decides who may query.
   * @default - callers sign their requests with credentials of IAM
   */
  readonly authorizer?: IHttpRouteAuthorizer | undefined;
}

export interface ServingLayerProps extends PipelineProps, ServingLayerOptions {
  /** The batch layer of the same pipeline. */
  readonly batch: BatchLayer;
}

/**
 * The serving layer: a query function behind an HTTP API, which merges both layers and returns rows
 * with a receipt.
 *
 * @example
 * const serving = new ServingLayer(stack, 'Serving', { pipeline: delays, topicId, code, batch });
 * new CfnOutput(stack, 'ApiUrl', { value: serving.api.apiEndpoint });
 */
export class ServingLayer extends Construct {
  readonly query: PipelineFunction;
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, props: ServingLayerProps) {
    super(scope, id);
    const { batch, authorizer = new HttpIamAuthorizer() } = props;
    const { plan } = props.pipeline;
    const bucketArn = batch.bucket?.bucketArn ?? null;
    // All versions of the pipeline: the previous version answers until the new one has caught up.
    const publications = `publications/${plan.name}-`;
    this.query = new PipelineFunction(this, 'Query', {
      ...props,
      role: 'query',
      description: `Answers with the merged views of ${plan.name} and their receipts`,
      memorySizeMiB: 1024,
      // The API gives up after 30 s: a later response reaches no caller.
      timeout: Duration.seconds(29),
      calls: ['cassandra'],
      // To distinguish an emptied database from a new one, the function reads the publications and
      // checks whether the archive has files.
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
    this.api = new HttpApi(this, 'Api', { apiName: `bifold-${plan.name}`, defaultAuthorizer: authorizer });
    this.api.addRoutes({
      path: '/views/{pipeline}',
      methods: [HttpMethod.GET, HttpMethod.POST],
      integration: new HttpLambdaIntegration('QueryIntegration', this.query.lambda),
    });
  }
}
