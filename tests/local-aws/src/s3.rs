//! S3: rustack's buckets, for the operations that a claim check needs.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response};
use rustack_s3_core::{RustackS3, config::S3Config};
use rustack_s3_http::response::error_to_response;
use rustack_s3_http::{FromS3Request, IntoS3Response, RoutingContext, S3ResponseBody, S3Router};
use rustack_s3_model::S3Operation;
use rustack_s3_model::error::S3Error;

use crate::response::whole;
use crate::sdk::REGION;

/// Larger objects would go to files.
const MAX_IN_MEMORY: usize = 64 * 1024 * 1024;

pub(crate) struct S3 {
    buckets: RustackS3,
    router: S3Router,
}

impl S3 {
    pub(crate) fn new() -> Self {
        let config = S3Config {
            default_region: REGION.to_owned(),
            s3_max_memory_object_size: MAX_IN_MEMORY,
            ..S3Config::default()
        };
        Self { buckets: RustackS3::new(config), router: S3Router::new("", false) }
    }

    /// The buckets themselves, to be kept.
    pub(crate) fn buckets(&self) -> &RustackS3 {
        &self.buckets
    }

    pub(crate) async fn answer(&self, request: Request<Bytes>, request_id: &str) -> Response<Bytes> {
        let answer = self.run(request).await;
        whole(answer.unwrap_or_else(|error| error_to_response(&error, request_id))).await
    }

    async fn run(&self, request: Request<Bytes>) -> Result<Response<S3ResponseBody>, S3Error> {
        let route = self.router.resolve(&request)?;
        let (parts, body) = request.into_parts();
        let s3 = &self.buckets;
        match route.operation {
            S3Operation::CreateBucket => {
                s3.handle_create_bucket(read(&route, &parts, body)?).await?.into_s3_response()
            }
            S3Operation::ListBuckets => {
                s3.handle_list_buckets(read(&route, &parts, body)?).await?.into_s3_response()
            }
            S3Operation::PutBucketLifecycleConfiguration => {
                let input = read(&route, &parts, body)?;
                s3.handle_put_bucket_lifecycle_configuration(input).await?.into_s3_response()
            }
            S3Operation::GetBucketLifecycleConfiguration => {
                let input = read(&route, &parts, body)?;
                s3.handle_get_bucket_lifecycle_configuration(input).await?.into_s3_response()
            }
            S3Operation::ListObjectsV2 => {
                s3.handle_list_objects_v2(read(&route, &parts, body)?).await?.into_s3_response()
            }
            S3Operation::PutObject => {
                s3.handle_put_object(read(&route, &parts, body)?).await?.into_s3_response()
            }
            S3Operation::GetObject => {
                s3.handle_get_object(read(&route, &parts, body)?).await?.into_s3_response()
            }
            S3Operation::DeleteObject => {
                s3.handle_delete_object(read(&route, &parts, body)?).await?.into_s3_response()
            }
            other => Err(S3Error::not_implemented(other.as_str())),
        }
    }
}

fn read<I: FromS3Request>(route: &RoutingContext, parts: &Parts, body: Bytes) -> Result<I, S3Error> {
    I::from_s3_request(parts, route.bucket.as_deref(), route.key.as_deref(), &route.query_params, body)
}
