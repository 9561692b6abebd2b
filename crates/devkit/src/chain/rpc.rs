//! JSON-RPC 2.0 over HTTP POST (<https://www.jsonrpc.org/specification>), with
//! the `eth` methods of the Ethereum execution API that clients need
//! (<https://github.com/ethereum/execution-apis>).
//!
//! Only `application/json` is taken, so that a web page in the user's browser
//! cannot post here unasked.

mod account;
mod call;
mod envelope;
mod fault;
mod fees;
mod lookup;
mod params;
mod render;

use super::{CLIENT_NAME, Shared, UNMARKED_NAME, ledger::Ledger};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_TYPE,
    web::{self, Bytes, Data, ServiceConfig},
};
use alloy::primitives::U64;
use fault::Fault;
use params::Params;
use serde::Serialize;
use serde_json::Value;

/// Serves the chain at `/`.
pub(crate) fn routes(app: &mut ServiceConfig, ledger: Data<Shared>) {
    app.app_data(ledger)
        .service(web::resource("/").route(web::post().to(post)));
}

async fn post(request: HttpRequest, ledger: Data<Shared>, body: Bytes) -> HttpResponse {
    let is_json = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return HttpResponse::UnsupportedMediaType()
            .body("send JSON-RPC 2.0 with content type application/json\n");
    }
    let answer = envelope::answer(&body, |method, params| {
        dispatch(&mut ledger.lock(), method, params)
    });
    match answer {
        Some(answer) => HttpResponse::Ok().json(answer),
        // Only notifications: there is nothing to say.
        None => HttpResponse::NoContent().finish(),
    }
}

/// Runs one method.
fn dispatch(ledger: &mut Ledger, method: &str, params: &Value) -> Result<Value, Fault> {
    let params = Params::new(params)?;
    match method {
        "web3_clientVersion" => {
            params.none()?;
            let name = if ledger.is_marked() {
                CLIENT_NAME
            } else {
                UNMARKED_NAME
            };
            value(format!("{name}/{}", env!("CARGO_PKG_VERSION")))
        }
        "net_version" => {
            params.none()?;
            value(ledger.chain_id().to_string())
        }
        "eth_chainId" => quantity(&params, ledger.chain_id()),
        "eth_blockNumber" => quantity(&params, ledger.latest()),
        "eth_gasPrice" => quantity(&params, ledger.base_fee()),
        // Nobody has to be outbid.
        "eth_maxPriorityFeePerGas" => quantity(&params, 0),
        "eth_feeHistory" => fees::history(ledger, &params),
        "eth_syncing" => {
            params.none()?;
            value(false)
        }
        "eth_accounts" => {
            params.none()?;
            value(Vec::<String>::new())
        }
        "eth_getBlockByNumber" => lookup::block_by_number(ledger, &params),
        "eth_getBlockByHash" => lookup::block_by_hash(ledger, &params),
        "eth_getBlockReceipts" => lookup::block_receipts(ledger, &params),
        "eth_getTransactionByHash" => lookup::transaction(ledger, &params),
        "eth_getTransactionReceipt" => lookup::receipt(ledger, &params),
        "eth_getLogs" => lookup::logs(ledger, &params),
        "eth_getTransactionCount" => account::nonce(ledger, &params),
        "eth_getBalance" => account::balance(ledger, &params),
        "eth_getCode" => account::code(ledger, &params),
        "eth_getStorageAt" => account::slot(ledger, &params),
        "eth_call" => call::call(ledger, &params),
        "eth_estimateGas" => call::estimate(ledger, &params),
        "eth_sendRawTransaction" => call::send(ledger, &params),
        _ => Err(Fault::method_not_found(method)),
    }
}

fn value(result: impl Serialize) -> Result<Value, Fault> {
    serde_json::to_value(result).map_err(|_| Fault::internal("the answer cannot be written"))
}

fn quantity(params: &Params<'_>, number: u64) -> Result<Value, Fault> {
    params.none()?;
    value(U64::from(number))
}
