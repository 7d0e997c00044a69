/**
 * Invokes another function of the stack asynchronously. Lambda retries it if it fails.
 * @throws when Lambda did not take it
 */
export async function invokeLater(name: string, event: object): Promise<void> {
  const { InvocationType, InvokeCommand, LambdaClient } = await import('@aws-sdk/client-lambda');
  const client = new LambdaClient({});
  try {
    const Payload = Buffer.from(JSON.stringify(event));
    await client.send(new InvokeCommand({ FunctionName: name, InvocationType: InvocationType.Event, Payload }));
  } finally {
    client.destroy();
  }
}
