//! Machines of Amazon EC2, and the images that they are launched from.
//!
//! Unaware of what runs on them. Invariants: a call is sent once; one machine is launched at a time, and none is ever stopped or terminated.

mod failed;
mod told;

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{Filter, InstanceType};
use aws_sdk_rds::config::SharedHttpClient;
use tokio::sync::Mutex;

use super::aws::{self, AwsAddress};
use crate::ports::{Cause, Certainty, Fault, Image, Machine, MachineChecks, Machines, MachinesRead, NewMachine};
use failed::EC2;

/// The machines of an account, in all regions.
#[derive(Debug)]
pub struct Ec2Machines {
    address: AwsAddress,
    http: SharedHttpClient,
    /// One for each region that was asked for.
    clients: Mutex<BTreeMap<Option<String>, Client>>,
}

impl Default for Ec2Machines {
    fn default() -> Self {
        Self::new(AwsAddress::default())
    }
}

impl Ec2Machines {
    /// Those that the address says; nothing is looked up or asked before the first call.
    pub fn new(address: AwsAddress) -> Self {
        Self { address, http: aws::http(), clients: Mutex::default() }
    }

    async fn client(&self, region: Option<&str>) -> Result<Client, Fault> {
        let mut clients = self.clients.lock().await;
        let key = region.map(str::to_owned);
        if let Some(client) = clients.get(&key) {
            return Ok(client.clone());
        }
        let client = Client::new(&aws::of_region("EC2", &self.address, self.http.clone(), region).await?);
        clients.insert(key, client.clone());
        Ok(client)
    }
}

/// A filter for what is written, in which EC2 would find patterns.
fn filter(name: String, value: &str) -> Filter {
    let written: String =
        value.chars().flat_map(|c| matches!(c, '*' | '?' | '\\').then_some('\\').into_iter().chain([c])).collect();
    Filter::builder().name(name).values(written).build()
}

#[async_trait::async_trait]
impl MachinesRead for Ec2Machines {
    async fn image(&self, region: Option<&str>, id: &str) -> Result<Option<Image>, Fault> {
        let call = self.client(region).await?.describe_images().image_ids(id).include_deprecated(true);
        let answer = call.send().await.map(|answer| answer.images.unwrap_or_default());
        let answer = EC2.found(&format!("look at image {id}"), answer)?;
        Ok(answer.into_iter().map(told::image).find(|image| image.id == id))
    }

    async fn images_tagged(&self, region: Option<&str>, name: &str, value: &str) -> Result<Vec<Image>, Fault> {
        let call = self.client(region).await?.describe_images().owners("self").include_deprecated(true);
        let call = call.filters(filter(format!("tag:{name}"), value));
        let pages = call.into_paginator().items().send().try_collect().await;
        let answer = EC2.found(&format!("look for images with the tag {name}={value}"), pages)?;
        let mut images: Vec<Image> = answer.into_iter().map(told::image).collect();
        images.sort_by(|a, b| (b.made, &b.id).cmp(&(a.made, &a.id)));
        Ok(images)
    }

    async fn machines_tagged(
        &self,
        region: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<Vec<Machine>, Fault> {
        let filters = tags.iter().map(|(name, value)| filter(format!("tag:{name}"), value)).collect();
        let call = self.client(region).await?.describe_instances().set_filters(Some(filters));
        let pages = call.into_paginator().send().try_collect().await;
        let answer = EC2.found("look for machines by their tags", pages)?;
        let reservations = answer.into_iter().flat_map(|page| page.reservations.unwrap_or_default());
        let instances = reservations.flat_map(|reservation| reservation.instances.unwrap_or_default());
        let mut machines: Vec<Machine> = instances.map(told::machine).collect();
        machines.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(machines)
    }

    async fn machine(&self, region: Option<&str>, id: &str) -> Result<Option<Machine>, Fault> {
        let call = self.client(region).await?.describe_instances().instance_ids(id);
        let answer = call.send().await.map(|answer| answer.reservations.unwrap_or_default());
        let answer = EC2.found(&format!("look at machine {id}"), answer)?;
        let mut instances = answer.into_iter().flat_map(|reservation| reservation.instances.unwrap_or_default());
        Ok(instances.next().map(told::machine))
    }

    async fn checks(&self, region: Option<&str>, id: &str) -> Result<Option<MachineChecks>, Fault> {
        let call = self.client(region).await?.describe_instance_status().instance_ids(id);
        let answer = call.send().await.map(|answer| answer.instance_statuses.unwrap_or_default());
        let answer = EC2.found(&format!("look at the checks of machine {id}"), answer)?;
        Ok(answer.into_iter().next().map(told::checks))
    }
}

#[async_trait::async_trait]
impl Machines for Ec2Machines {
    async fn launch(&self, new: &NewMachine, user_data: Option<&[u8]>) -> Result<Machine, Fault> {
        let action = format!("launch a machine from {}", new.image);
        let call = self.client(new.region.as_deref()).await?.run_instances();
        let call = call
            .image_id(&new.image)
            .instance_type(InstanceType::from(new.instance_type.as_str()))
            .subnet_id(&new.subnet)
            .set_security_group_ids((!new.security_groups.is_empty()).then(|| new.security_groups.clone()))
            .set_user_data(user_data.map(aws_smithy_types::base64::encode))
            .client_token(&new.token)
            .set_tag_specifications((!new.tags.is_empty()).then(|| told::specifications(&new.tags)))
            .min_count(1)
            .max_count(1);
        let answer = EC2.changed(&action, call.send().await)?;
        let unnamed = || {
            let fault = Fault::permanent(Cause::Other, action.clone(), "its answer names no machine");
            Fault { certainty: Certainty::Unknown, ..fault }
        };
        answer.instances.into_iter().flatten().next().map(told::machine).ok_or_else(unnamed)
    }
}
