// The AWS SDK for JavaScript, driven line by line: a JSON array [command, input] in, a JSON object out, {"ok": output} or
// {"error": {...}}. Which service is asked is the one argument; who to talk to and as whom comes from the environment, as in
// any program that uses the SDK.
//
// In an input, {"$date": "2030-01-02T03:04:05Z"} stands for a Date. A command whose name begins with "paginate" answers
// a list of all pages; its input is [configuration, input].

import { createInterface } from "node:readline";

const SERVICES = { connect: "Connect", connectcampaigns: "ConnectCampaigns" };
const service = SERVICES[process.argv[2]];
const sdk = await import(`@aws-sdk/client-${process.argv[2]}`);
const client = new sdk[`${service}Client`]({ maxAttempts: 1 });

function revive(key, value) {
  return value !== null && typeof value === "object" && "$date" in value ? new Date(value.$date) : value;
}

async function send(command, input) {
  if (command.startsWith("paginate")) {
    const [configuration, request] = input;
    const pages = [];
    for await (const { $metadata, ...page } of sdk[command]({ client, ...configuration }, request)) {
      pages.push(page);
    }
    return pages;
  }
  const { $metadata, ...output } = await client.send(new sdk[`${command}Command`](input));
  return { ...output, requestId: $metadata.requestId, httpStatusCode: $metadata.httpStatusCode };
}

function describe(error) {
  const { name, message, $metadata, $fault, $service, $response, $retryable, ...members } = error;
  const modelled = sdk[name];
  return {
    ...members,
    name,
    message,
    fault: $fault,
    httpStatusCode: $metadata?.httpStatusCode,
    requestId: $metadata?.requestId,
    attempts: $metadata?.attempts,
    isModelled: typeof modelled === "function" && error instanceof modelled,
    isOfTheService: error instanceof sdk[`${service}ServiceException`],
  };
}

for await (const line of createInterface({ input: process.stdin })) {
  const [command, input] = JSON.parse(line, revive);
  let answer;
  try {
    answer = { ok: await send(command, input) };
  } catch (error) {
    answer = { error: describe(error) };
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
client.destroy();
