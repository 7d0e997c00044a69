import { Duration } from 'aws-cdk-lib';
import { HttpApi, HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpIamAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { PipelineFunction, type PipelineProps } from './pipeline-function.ts';

/** The merge of the two: a function that answers with merged rows and their receipt, behind an HTTP API that asks for a signature of IAM. */
export class ServingLayer extends Construct {
  readonly query: PipelineFunction;
  readonly api: HttpApi;

  constructor(scope: Construct, id: string, props: PipelineProps) {
    super(scope, id);
    const { plan, settings } = props;
    this.query = new PipelineFunction(this, 'Query', {
      ...props,
      role: 'query',
      description: `Answers with the merged views of ${plan.name} and their receipts`,
      memorySizeMiB: 1024,
      // The API gives up after 30 s: an answer that comes later reaches nobody.
      timeout: Duration.seconds(29),
      calls: ['cassandra'],
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
