/** Where Storj speaks S3, unless another gateway is named. https://storj.dev/dcs/api/s3/s3-compatible-gateway */
export const gateway = 'https://gateway.storjshare.io';
