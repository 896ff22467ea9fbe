/** Limits of the protocol between engine and program. */

/** 400 MB a message, as Pulumi's own: a large program's state does not fit in gRPC's 4 MB. */
export const MESSAGE_LIMIT = {
  "grpc.max_receive_message_length": 400 << 20,
  "grpc.max_send_message_length": 400 << 20,
};
