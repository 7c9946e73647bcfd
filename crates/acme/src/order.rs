//! The way to one certificate: order, challenge, request, chain.

use std::time::Duration;

use control::ports::ChallengeSink;
use domain::DomainName;
use instant_acme::{
    Account, AuthorizationStatus, ChallengeType, Error, Identifier, NewOrder, Order, OrderStatus, RetryPolicy,
};
use rcgen::{CertificateParams, DistinguishedName, KeyPair};

/// A certificate chain and its private key, both PEM. It cannot be printed.
pub(crate) struct Issued {
    pub(crate) chain: String,
    pub(crate) key: String,
}

/// How long the authority may take to look at the answer, and to issue. Some look from five places, one after the other.
const PATIENCE: Duration = Duration::from_secs(80);

pub(crate) async fn issue(
    account: &Account,
    name: &DomainName,
    challenges: &dyn ChallengeSink,
) -> Result<Issued, Error> {
    let identifiers = [Identifier::Dns(name.as_str().to_owned())];
    let mut order = account.new_order(&NewOrder::new(&identifiers)).await?;
    answer_challenges(&mut order, challenges).await?;
    let retries = RetryPolicy::default().timeout(PATIENCE);
    if order.poll_ready(&retries).await? != OrderStatus::Ready {
        return Err(reason(&mut order).await);
    }
    let key = KeyPair::generate().map_err(other)?;
    let mut request = CertificateParams::new([name.as_str().to_owned()]).map_err(other)?;
    // Nothing but the name: authorities refuse or ignore the rest.
    request.distinguished_name = DistinguishedName::new();
    let request = request.serialize_request(&key).map_err(other)?;
    order.finalize_csr(request.der()).await?;
    let chain = order.poll_certificate(&retries).await?;
    Ok(Issued { chain, key: key.serialize_pem() })
}

async fn answer_challenges(order: &mut Order, challenges: &dyn ChallengeSink) -> Result<(), Error> {
    let mut authorizations = order.authorizations();
    while let Some(authorization) = authorizations.next().await {
        let mut authorization = authorization?;
        // It remembers a proof for some time: then nothing is asked.
        if authorization.status == AuthorizationStatus::Valid {
            continue;
        }
        let Some(mut challenge) = authorization.challenge(ChallengeType::Http01) else {
            return Err(Error::Unsupported("a proof over HTTP (http-01) for this name"));
        };
        challenges.answer(&challenge.token, challenge.key_authorization().as_str());
        challenge.set_ready().await?;
    }
    Ok(())
}

/// Why an order became invalid: what the authority says of the challenge.
async fn reason(order: &mut Order) -> Error {
    let mut authorizations = order.authorizations();
    while let Some(Ok(mut authorization)) = authorizations.next().await {
        if let Ok(state) = authorization.refresh().await
            && let Some(problem) = state.challenges.iter().find_map(|challenge| challenge.error.clone())
        {
            return Error::Api(problem);
        }
    }
    Error::Str("why the order became invalid")
}

fn other(error: rcgen::Error) -> Error {
    Error::Other(Box::new(error))
}
