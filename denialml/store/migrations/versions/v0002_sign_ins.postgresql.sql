CREATE TABLE sign_ins (
    token_digest VARCHAR(64) NOT NULL,
    organization_id VARCHAR(64) NOT NULL,
    key_id VARCHAR(64) NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    PRIMARY KEY (token_digest),
    FOREIGN KEY(organization_id) REFERENCES organizations (organization_id),
    FOREIGN KEY(key_id) REFERENCES api_keys (key_id)
);
CREATE INDEX ix_sign_ins_organization_id ON sign_ins (organization_id);
